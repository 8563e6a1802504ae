"""A decoder with a lexicon at its side: unknown and doubtful words in the output get a second look.

The model prints, the lexicon names the known words that such a one could be, the model says how likely it finds
each of them in its place, and a fitted choice between them and the word as it stands decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import Levenshtein

from kzocr.alternatives import Alternative, alternatives, unknown_share
from kzocr.decoding import Decoded, GuidedDecoder, MaxNewBytes, Replacement
from kzocr.encoding import EOS_ID, decode, encode, n_bytes
from kzocr.lexicon import Lexicon
from kzocr.packed import Row
from kzocr.pairs import TextPair
from kzocr.spelling import Evidence, JudgedWord, SpellingModel, features
from kzocr.views import byte_offsets

SURE = 0.85
"""A known word to which the model gave less than this probability gets a second look too."""

LEAST_PROBABILITY = 0.5
"""An alternative less likely than this is not taken."""


@dataclass(frozen=True)
class UnknownWord:
    """One unknown or doubtful word of an output with its alternatives (or the two words that belong together).

    Attributes:
        row: number of the output.
        evidence: one for each alternative.
        rows: their features, in the same order.
    """

    row: int
    evidence: tuple[Evidence, ...]
    rows: tuple[tuple[float, ...], ...]


class LexiconDecoder:
    """Greedy decoding whose unknown words are compared with known ones.

    Args:
        decoder: the model.
        lexicon: the known words.
        spelling: chooses between a word and its alternatives.
        least_probability: an alternative is taken if it is at least so likely, 0 to 1.
    """

    def __init__(
        self,
        decoder: GuidedDecoder,
        lexicon: Lexicon,
        spelling: SpellingModel,
        least_probability: float = LEAST_PROBABILITY,
    ) -> None:
        self.decoder = decoder
        self.lexicon = lexicon
        self.spelling = spelling
        self.least_probability = least_probability

    def decode(self, inputs: Sequence[Sequence[int]], *, max_new_bytes: MaxNewBytes | None = None) -> list[Decoded]:
        """Return what the model prints for each input, some of its unknown words replaced by known ones.

        The log probability of each byte of such a word is that of the choice.

        Args:
            inputs: encoder ids of each row, the end-of-sequence id included.
            max_new_bytes: as for `GuidedDecoder.decode`.
        """
        decoded = self.decoder.decode_rows(inputs, max_new_bytes=max_new_bytes)
        results = [result for result, _ in decoded]
        chosen: dict[int, list[tuple[Alternative, float]]] = {}
        for word in self.unknown_words(decoded):
            shares = self.spelling.probabilities(word.rows)
            best = max(range(len(shares)), key=shares.__getitem__)
            if shares[best] >= self.least_probability:
                chosen.setdefault(word.row, []).append((word.evidence[best].alternative, shares[best]))
        for row, choices in chosen.items():
            results[row] = _respelt(results[row], choices)
        return results

    def unknown_words(self, decoded: Sequence[tuple[Decoded, Row]]) -> Iterator[UnknownWord]:
        """Yield the unknown words of what was decoded, each with its alternatives, none without any."""
        found: list[tuple[int, Alternative]] = []
        shares: dict[int, float] = {}
        offsets: dict[int, list[int]] = {}
        for row, (result, _) in enumerate(decoded):
            text = decode([*result.ids, EOS_ID])
            # What is no text, or no output that a guard will take, needs no spelling.
            if not result.finished or n_bytes(text) != len(result.ids) or "\ufffd" in text:
                continue
            places = byte_offsets(text)
            items = alternatives(text, self.lexicon, _doubts(result.log_probabilities, places))
            if items:
                shares[row] = unknown_share(text, self.lexicon)
                offsets[row] = places
                found += [(row, item) for item in items]
        replacements = [
            Replacement(row, offsets[row][item.start], offsets[row][item.end], encode(item.after)[:-1])
            for row, item in found
        ]
        gains = self.decoder.score(decoded, replacements)
        groups: dict[tuple[int, int], list[Evidence]] = {}
        last: tuple[int, int] | None = None
        last_end = -1
        for (row, item), replacement, gain in zip(found, replacements, gains, strict=True):
            printed = sum(decoded[row][0].log_probabilities[replacement.start : replacement.end])
            # Alternatives of one word, and of a neighbour that may belong to it, exclude each other.
            if last is None or last[0] != row or item.start >= last_end:
                last, last_end = (row, item.start), item.end
            last_end = max(last_end, item.end)
            groups.setdefault(last, []).append(Evidence(item, gain, printed))
        for (row, _), evidence in groups.items():
            rows = tuple(tuple(features(one, shares[row])) for one in evidence)
            yield UnknownWord(row, tuple(evidence), rows)


def _doubts(log_probabilities: Sequence[float], places: Sequence[int]) -> Callable[[int, int], bool]:
    """Return what says of a stretch of characters whether the model gave it less than `SURE`."""
    return lambda start, end: sum(log_probabilities[places[start] : places[end]]) < math.log(SURE)


def _respelt(result: Decoded, choices: Sequence[tuple[Alternative, float]]) -> Decoded:
    """Return `result` with the chosen alternatives in place; they do not overlap."""
    offsets = byte_offsets(decode(result.ids))
    ids, log_probabilities = list(result.ids), list(result.log_probabilities)
    for item, share in sorted(choices, key=lambda choice: -choice[0].start):
        start, end = offsets[item.start], offsets[item.end]
        new = encode(item.after)[:-1]
        ids[start:end] = new
        log_probabilities[start:end] = [math.log(share)] * len(new)
    return replace(result, ids=ids, log_probabilities=log_probabilities)


def judged_words(decoder: LexiconDecoder, passages: Sequence[TextPair], n_rows: int = 16) -> list[JudgedWord]:
    """Return the unknown words of what the model makes of passages, each with the alternative that was printed.

    An alternative counts as printed if no other one, nor the word as it stands, is nearer to the reference.

    Args:
        decoder: the model and the lexicon; its spelling model is not used.
        passages: of about a window's length.
        n_rows: passages that are decoded together.
    """
    judged = []
    for start in range(0, len(passages), n_rows):
        batch = passages[start : start + n_rows]
        decoded = decoder.decoder.decode_rows([encode(passage.hypothesis) for passage in batch])
        for word in decoder.unknown_words(decoded):
            text = decode([*decoded[word.row][0].ids, EOS_ID])
            judged.append(JudgedWord(word.rows, _printed(word, text, batch[word.row].reference)))
    return judged


def _printed(word: UnknownWord, text: str, reference: str) -> int | None:
    """Return the number of the alternative that brings `text` nearest to `reference`; None if it is best as it is."""
    best, least = None, Levenshtein.distance(reference, text)
    for number, evidence in enumerate(word.evidence):
        item = evidence.alternative
        distance = Levenshtein.distance(reference, text[: item.start] + item.after + text[item.end :])
        if distance < least:
            best, least = number, distance
    return best
