"""A decoder with a lexicon at its side: which words of its output are in doubt, and what else could they be?

The model prints, the lexicon names the known words that an unknown or doubtful one could be, the model those that it
might have printed too, and says how likely it finds each of them in its place. What is made of that depends on the
document (`kzocr.spelling.respelling`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kzocr.decoding import Decoded, GuidedDecoder, Replacement
from kzocr.encoding import decode, encode
from kzocr.inference.doubts import Alternative, DoubtfulWord, Evidence
from kzocr.inference.generation import MaxNewBytes
from kzocr.inference.packed import Row
from kzocr.inference.views import byte_offsets
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.language.text_model import TextModel
from kzocr.language.word_search import WordSearch
from kzocr.spelling.alternatives import alternatives, unknown_share
from kzocr.spelling.context_model import ContextModel
from kzocr.spelling.second_choices import second_choices
from kzocr.text import n_bytes

SURE = 0.85
"""A known word to which the model gave less than this probability gets a second look too."""


@dataclass(frozen=True)
class Examined(Decoded):
    """What greedy decoding gives for one input, with its words in doubt.

    Attributes:
        doubts: from left to right, offsets in characters of the output; they do not overlap.
    """

    doubts: tuple[DoubtfulWord, ...] = ()


class LexiconDecoder:
    """Greedy decoding that says which words of its output are in doubt; the output itself is the model's.

    Args:
        decoder: the model.
        lexicon: the known words.
        usual: what engines take for what.
        text_model: says how well a word fits into the text, by its letters.
        context_model: says how well it fits between the words around it.
    """

    def __init__(
        self,
        decoder: GuidedDecoder,
        lexicon: Lexicon,
        usual: Misreadings = NO_MISREADINGS,
        text_model: TextModel | None = None,
        context_model: ContextModel | None = None,
    ) -> None:
        self.decoder = decoder
        self.lexicon = lexicon
        self.search = WordSearch(lexicon, usual)
        self.text_model = text_model
        self.context = None if context_model is None else context_model.fits

    def decode(self, inputs: Sequence[Sequence[int]], *, max_new_bytes: MaxNewBytes | None = None) -> list[Examined]:
        """Return what the model prints for each input, and the words in doubt.

        Args:
            inputs: encoder ids of each row, the end-of-sequence id included.
            max_new_bytes: as for `GuidedDecoder.decode`.
        """
        decoded = self.decoder.decode_rows(inputs, max_new_bytes=max_new_bytes, with_rivals=True)
        doubts = self._doubts(decoded)
        return [
            Examined(**vars(result), doubts=tuple(words)) for (result, _), words in zip(decoded, doubts, strict=True)
        ]

    def _doubts(self, decoded: Sequence[tuple[Decoded, Row]]) -> list[list[DoubtfulWord]]:
        """Return the words in doubt of each row, each with its alternatives, none without any."""
        found: list[tuple[int, Alternative]] = []
        replacements: list[Replacement] = []
        # What is no text, or no output that a guard will take, needs no spelling.
        texts = {
            row: text
            for row, (result, _) in enumerate(decoded)
            if result.finished and "\ufffd" not in (text := decode(result.ids)) and n_bytes(text) == len(result.ids)
        }
        choices = second_choices(self.decoder, decoded, texts)
        for row, text in texts.items():
            offsets = byte_offsets(text)
            is_doubtful = _is_doubtful(decoded[row][0].log_probabilities, offsets)
            items = alternatives(
                text, self.lexicon, is_doubtful, self.search, self.text_model, self.context, choices[row]
            )
            for item in items:
                found.append((row, item))
                new = encode(item.after)[:-1]
                replacements.append(Replacement(row, offsets[item.start], offsets[item.end], new))
        gains = self.decoder.score(decoded, replacements)
        groups: list[list[list[Evidence]]] = [[] for _ in decoded]
        last_row, last_end = -1, -1
        for (row, item), gain in zip(found, gains, strict=True):
            # Alternatives of one word, and of a neighbour that may belong to it, exclude each other.
            if row != last_row or item.start >= last_end:
                groups[row].append([])
                last_end = item.end
            last_row, last_end = row, max(last_end, item.end)
            groups[row][-1].append(Evidence(item, gain))
        return [[self._in_doubt(evidence, texts[row]) for evidence in words] for row, words in enumerate(groups)]

    def _in_doubt(self, evidence: Sequence[Evidence], text: str) -> DoubtfulWord:
        """Return a word of `text` in doubt, with the evidence for each of its alternatives."""
        start = min(one.alternative.start for one in evidence)
        end = max(one.alternative.end for one in evidence)
        return DoubtfulWord(tuple(evidence), unknown_share(text, self.lexicon, start, end))


def _is_doubtful(log_probabilities: Sequence[float], offsets: Sequence[int]) -> Callable[[int, int], bool]:
    """Return what says of a stretch of characters whether the model gave it less than `SURE`."""
    return lambda start, end: sum(log_probabilities[offsets[start] : offsets[end]]) < math.log(SURE)
