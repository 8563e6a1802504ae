"""Words in doubt become other ones where that is expected to mend errors, with the whole document in view."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rapidfuzz.distance import Levenshtein

from kzocr.encoding import encode
from kzocr.inference.doubts import Alternative, DoubtfulWord
from kzocr.inference.outputs import Decoder, output_of
from kzocr.inference.views import Output, byte_offsets
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import NO_MISREADINGS, Misreadings
from kzocr.pairs import TextPair, is_parallel, passages
from kzocr.spelling.bayes_risk import least_risk, outcomes
from kzocr.spelling.choice import SpellingModel, features
from kzocr.spelling.choice_fitting import JudgedWord
from kzocr.spelling.profile import Profile


class Respeller:
    """Chooses between the words of an output that are in doubt and their alternatives.

    Args:
        lexicon: the known words.
        spelling: says how likely each alternative is.
    """

    def __init__(self, lexicon: Lexicon, spelling: SpellingModel) -> None:
        self.lexicon = lexicon
        self.spelling = spelling

    def respelt(self, output: Output, profile: Profile) -> Output:
        """Return the output with the alternatives in place that are expected to mend errors.

        The log probability of each byte of such a word is that of the choice to help.

        Args:
            output: of a window.
            profile: of the document that the window is from.
        """
        choices = []
        for word in output.doubts:
            shares = self.spelling.probabilities(features(word, self.lexicon, profile, self.spelling.usual))
            choice = least_risk(*outcomes(word, output.text), shares)
            if choice is not None:
                choices.append((word.evidence[choice.number].alternative, choice.probability))
        return _respelt(output, choices) if choices else output


def _respelt(output: Output, choices: Sequence[tuple[Alternative, float]]) -> Output:
    """Return `output` with the chosen alternatives in place; they do not overlap."""
    offsets = byte_offsets(output.text)
    text, log_probabilities = output.text, list(output.log_probabilities)
    for item, share in sorted(choices, key=lambda choice: -choice[0].start):
        text = text[: item.start] + item.after + text[item.end :]
        n_new = len(item.after.encode("utf-8"))
        log_probabilities[offsets[item.start] : offsets[item.end]] = [math.log(share)] * n_new
    return replace(output, text=text, log_probabilities=log_probabilities, doubts=())


def judged_words(
    decoder: Decoder,
    lexicon: Lexicon,
    documents: Sequence[TextPair],
    usual: Misreadings = NO_MISREADINGS,
    *,
    window_chars: int = 150,
    n_rows: int = 16,
) -> Iterator[list[JudgedWord]]:
    """Yield for each document the words in doubt of what the model makes of it, each with the alternative printed.

    An alternative counts as printed if no other one, nor the word as it stands, is nearer to the reference.

    Args:
        decoder: a model that says what is in doubt (`kzocr.spelling.examining.LexiconDecoder`).
        lexicon: the known words.
        documents: whole documents; those whose lines do not correspond are taken as one passage.
        usual: what engines take for what.
        window_chars: length of the passages that the model reads.
        n_rows: passages that are decoded together.
    """
    for document in documents:
        profile = Profile.of(document.hypothesis, lexicon)
        cut = passages(document, window_chars) if is_parallel(document) else [document]
        cut = [passage for passage in cut if passage.hypothesis.strip()]
        judged = []
        for start in range(0, len(cut), n_rows):
            batch = cut[start : start + n_rows]
            inputs = [encode(passage.hypothesis) for passage in batch]
            rows = decoder.decode(inputs, max_new_bytes=[2 * len(ids) for ids in inputs])
            for passage, output in zip(batch, map(output_of, rows), strict=True):
                for word in output.doubts:
                    judged.append(
                        _judged(word, output.text, passage.reference, features(word, lexicon, profile, usual))
                    )
        yield judged


def _judged(word: DoubtfulWord, text: str, reference: str, rows: Sequence[Sequence[float]]) -> JudgedWord:
    """Return a word of `text` with what each alternative does; the right one brings `text` nearest to `reference`."""
    before = Levenshtein.distance(reference, text)
    items = [evidence.alternative for evidence in word.evidence]
    harms = [
        Levenshtein.distance(reference, text[: item.start] + item.after + text[item.end :]) - before for item in items
    ]
    best = min(range(len(harms)), key=harms.__getitem__)
    current, others = outcomes(word, text)
    return JudgedWord(rows, best if harms[best] < 0 else None, harms, current, others)
