"""Error rates: character and word errors, HIPE scores. The only place that divides errors by a length.

A rate is (substitutions + insertions + deletions) / length of the reference, **pooled**: errors and lengths
are added over all texts before the one division. Texts are brought to NFC first. Rates are fractions and may
exceed 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

from kzocr.text import nfc

Whitespace = Literal["fold", "keep", "ignore"]

_HIPE_SPELLINGS = {"ß": "ss", "ꝛ": "r", "œ": "oe", "æ": "ae", "aͤ": "ä", "oͤ": "ö", "uͤ": "ü", "¬\n": ""}


@dataclass(frozen=True)
class ErrorCounts:
    """Matches and errors between texts; counts of several texts add up with `+` or `sum`.

    Args:
        matches: units (characters or words) of the reference that were read right.
        substitutions: units read as another.
        insertions: units read that were not printed.
        deletions: units printed that were not read.
    """

    matches: int = 0
    substitutions: int = 0
    insertions: int = 0
    deletions: int = 0

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.matches + other.matches,
            self.substitutions + other.substitutions,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
        )

    def __radd__(self, other: int) -> ErrorCounts:
        if other != 0:
            return NotImplemented
        return self

    @property
    def errors(self) -> int:
        """Substitutions, insertions and deletions together."""
        return self.substitutions + self.insertions + self.deletions

    @property
    def reference_length(self) -> int:
        """Units in the reference."""
        return self.matches + self.substitutions + self.deletions

    @property
    def rate(self) -> float:
        """Errors per unit of the reference; an empty reference counts as one unit long, as in jiwer 4.

        `ErrorCounts(matches=4, substitutions=1).rate == 1 / 5`.
        """
        return self.errors / max(self.reference_length, 1)

    @property
    def match_error_rate(self) -> float:
        """Errors per operation, 0 to 1: (S + I + D) / (matches + S + I + D); 0 where there is nothing."""
        return self.errors / max(self.matches + self.errors, 1)


@dataclass(frozen=True)
class HipeScore:
    """The scores of the HIPE-OCRepair 2026 competition on case- and punctuation-insensitive text.

    Args:
        cmer_micro: character match error rate, pooled; the competition's main score, lower is better.
        cmer_macro: the same, mean of the documents.
        wmer_micro: word match error rate, pooled.
        wmer_macro: the same, mean of the documents.
        preference_cmer: share of documents made better minus share made worse, -1 to 1.
        preference_wmer: the same, judged by words.
        improvement_cmer: mean of (accuracy after - before) / before, where accuracy is 1 - cMER.
        improvement_wmer: the same, by words.
    """

    cmer_micro: float
    cmer_macro: float
    wmer_micro: float
    wmer_macro: float
    preference_cmer: float
    preference_wmer: float
    improvement_cmer: float
    improvement_wmer: float


def fold_whitespace(text: str) -> str:
    """Return `text` with runs of whitespace, line ends too, as one space and none at the ends."""
    return " ".join(text.split())


def normalise_for_hipe(text: str) -> str:
    """Return `text` as HIPE-OCRepair compares it: lower case, letters and digits only, whitespace folded.

    Each sign that is neither letter nor digit becomes a space, a few ligatures and historical letters are
    spelt out, and a word divided by ¬ at a line end is joined. Source: README and behaviour of
    hipe-ocrepair-scorer 0.9; the one difference is that text is brought to NFC first.

    Args:
        text: any text.

    Returns:
        `normalise_for_hipe("Сәлем, Әлия!") == "сәлем әлия"`.
    """
    text = nfc(text).lower()
    for spelling, plain in _HIPE_SPELLINGS.items():
        text = text.replace(spelling, plain)
    return fold_whitespace(re.sub(r"[\W_]", " ", text))


def character_counts(
    *, reference: str, hypothesis: str, whitespace: Whitespace = "fold", normalised: bool = False
) -> ErrorCounts:
    """Return the character errors of one text.

    Args:
        reference: the printed text.
        hypothesis: the text to judge.
        whitespace: "fold" (the standard) makes each run of whitespace one space and drops it at the ends,
            "keep" compares every character, "ignore" drops all whitespace.
        normalised: ignore case and punctuation, as HIPE does.

    Returns:
        Counts of the alignment with the fewest errors.

    Raises:
        ValueError: `whitespace` is none of the three.
    """
    return _counts(*(_characters(text, whitespace, normalised) for text in (reference, hypothesis)))


def word_counts(*, reference: str, hypothesis: str, normalised: bool = False) -> ErrorCounts:
    """Return the word errors of one text; a word is what stands between whitespace.

    Args:
        reference: the printed text.
        hypothesis: the text to judge.
        normalised: ignore case and punctuation, as HIPE does.

    Returns:
        Counts of the alignment with the fewest errors.
    """
    prepare = normalise_for_hipe if normalised else nfc
    return _counts(prepare(reference).split(), prepare(hypothesis).split())


def cer(
    *,
    reference: str | Sequence[str],
    hypothesis: str | Sequence[str],
    whitespace: Whitespace = "fold",
    normalised: bool = False,
) -> float:
    """Return the character error rate, pooled: (S + I + D) / characters of the reference.

    `cer(reference="сәлем", hypothesis="салем") == 1 / 5`. An empty reference counts as one character, so
    that the rate is the number of characters that should not be there, and 0 where both are empty.

    Args:
        reference: the printed text, or a list of texts.
        hypothesis: the text to judge, or a list as long.
        whitespace: "fold", "keep" or "ignore"; see `character_counts`.
        normalised: ignore case and punctuation.

    Returns:
        A fraction, 0 or more: 0 is perfect.

    Raises:
        TypeError: one is a text and the other a list, or either is neither.
        ValueError: the lists differ in length.
    """
    return sum(
        (
            character_counts(reference=r, hypothesis=h, whitespace=whitespace, normalised=normalised)
            for r, h in _both(reference, hypothesis)
        ),
        ErrorCounts(),
    ).rate


def wer(*, reference: str | Sequence[str], hypothesis: str | Sequence[str], normalised: bool = False) -> float:
    """Return the word error rate, pooled: `wer(reference="бір екі үш", hypothesis="бір ек і үш") == 2 / 3`.

    Args:
        reference: the printed text, or a list of texts.
        hypothesis: the text to judge, or a list as long.
        normalised: ignore case and punctuation.

    Returns:
        A fraction, 0 or more; an empty reference counts as one word.

    Raises:
        TypeError: one is a text and the other a list, or either is neither.
        ValueError: the lists differ in length.
    """
    return sum(
        (word_counts(reference=r, hypothesis=h, normalised=normalised) for r, h in _both(reference, hypothesis)),
        ErrorCounts(),
    ).rate


def cer_reduction(*, cer_before: float, cer_after: float) -> float:
    """Return the share of the errors that was removed: `cer_reduction(cer_before=0.2, cer_after=0.1) == 0.5`.

    Negative where the text was made worse. Without errors before, it is 0 if there are none after, and
    otherwise minus infinity.
    """
    if cer_before > 0:
        return (cer_before - cer_after) / cer_before
    return 0.0 if cer_after == 0 else float("-inf")


def share(part: float, whole: float) -> float:
    """Return `part` / `whole`, and 0 for a share of nothing: `share(1, 4) == 0.25`."""
    return part / whole if whole else 0.0


def hipe_score(
    *, reference: Sequence[str], hypothesis_before: Sequence[str], hypothesis_after: Sequence[str]
) -> HipeScore:
    """Return the scores of HIPE-OCRepair 2026 for one data set.

    Match error rate is (S + I + D) / (matches + S + I + D). Source: hipe-ocrepair-scorer 0.9, with
    normalisation, one document one unit.

    Args:
        reference: the printed documents.
        hypothesis_before: the documents as they were read.
        hypothesis_after: the documents as they were corrected.

    Returns:
        Pooled ("micro") and mean ("macro") rates, preference and relative improvement.

    Raises:
        ValueError: the lists differ in length or are empty.
    """
    if not reference:
        raise ValueError("no documents to score")
    results: dict[str, float] = {}
    for unit, count in (("cmer", character_counts), ("wmer", word_counts)):
        before, after = (
            [count(reference=r, hypothesis=h, normalised=True) for r, h in _both(reference, texts)]
            for texts in (hypothesis_before, hypothesis_after)
        )
        rates = [(b.match_error_rate, a.match_error_rate) for b, a in zip(before, after, strict=True)]
        results[f"{unit}_micro"] = sum(after, ErrorCounts()).match_error_rate
        results[f"{unit}_macro"] = _mean([a for _, a in rates])
        results[f"preference_{unit}"] = _mean([float(b > a) - float(b < a) for b, a in rates])
        results[f"improvement_{unit}"] = _mean([(b - a) / (1 - b) if b < 1 else min(1.0, 1 - a) for b, a in rates])
    return HipeScore(**results)


def _characters(text: str, whitespace: Whitespace, normalised: bool) -> str:
    text = normalise_for_hipe(text) if normalised else nfc(text)
    if whitespace == "fold":
        return fold_whitespace(text)
    if whitespace == "ignore":
        return "".join(text.split())
    if whitespace == "keep":
        return text
    raise ValueError(f"whitespace is {whitespace!r}: expected 'fold', 'keep' or 'ignore'")


def _counts(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorCounts:
    substitutions = insertions = deletions = 0
    for operation in Levenshtein.editops(reference, hypothesis):
        substitutions += operation.tag == "replace"
        insertions += operation.tag == "insert"
        deletions += operation.tag == "delete"
    return ErrorCounts(len(reference) - substitutions - deletions, substitutions, insertions, deletions)


def _both(reference: str | Sequence[str], hypothesis: str | Sequence[str]) -> Iterable[tuple[str, str]]:
    if isinstance(reference, str) and isinstance(hypothesis, str):
        return [(reference, hypothesis)]
    for name, texts in (("reference", reference), ("hypothesis", hypothesis)):
        if isinstance(texts, str) or not isinstance(texts, Sequence):
            raise TypeError(f"{name} is {type(texts).__name__}: expected both texts to be str or both to be lists")
        for text in texts:
            if not isinstance(text, str):
                raise TypeError(f"{name} holds {type(text).__name__}: expected str")
    if len(reference) != len(hypothesis):
        raise ValueError(f"{len(reference)} references but {len(hypothesis)} hypotheses")
    return list(zip(reference, hypothesis, strict=True))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
