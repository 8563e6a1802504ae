"""What became of earlier rows -> a better draft of the next row.

The errors of a document are systematic: an engine that reads қ as к before ы does so on every page. So what a model
made of each letter between its neighbours is counted, and the draft of a later row is the input with the changes that
were usual so far. Where a lexicon's guesses have come true so far, they are made first. A draft decides nothing but the
time taken (`kzocr.decoding`).
"""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from kzocr.encoding import BYTE_OFFSET, EOS_ID, decode, encode
from kzocr.language.skeletons import Skeletons

REACHES = (2, 1)
"""So many neighbours on each side make a letter's surroundings; the wider ones are asked first."""

LEAST_SEEN = {2: 1, 1: 2}
"""How often surroundings of each reach must have been met before they are believed."""

LEAST_SHARE = {2: 0.5, 1: 0.8}
"""How large a share of what was met there a change must have."""

MAX_SURROUNDINGS = 200_000
"""More are forgotten, all together: some 60 MB."""

_EDGE = "\x00" * max(REACHES)


class Recollection:
    """What letters became so far; one for each decoder.

    Args:
        skeletons: guesses for unknown words.
    """

    def __init__(self, skeletons: Skeletons | None = None) -> None:
        self._skeletons = skeletons
        self._n_saved = 0
        self._became: dict[str, dict[str, int]] = {}

    def learn(self, source: Sequence[int], output: Sequence[int]) -> None:
        """Count what each letter of a row became.

        Args:
            source: the row's input ids, without an end of sequence.
            output: its output ids, without one.
        """
        read, made = _text(source), _text(output)
        if read is None or made is None:
            return
        if self._skeletons is not None:
            guess = self._skeletons.filled(read)
            self._n_saved += Levenshtein.distance(read, made) - Levenshtein.distance(guess, made)
            read = guess if self._n_saved > 0 else read
        if len(self._became) > MAX_SURROUNDINGS:
            self._became.clear()
        padded = _EDGE + read + _EDGE
        for place, outcome in enumerate(_outcomes(read, made)):
            for reach in REACHES:
                counts = self._became.setdefault(_surroundings(padded, place, reach), {})
                counts[outcome] = counts.get(outcome, 0) + 1

    def draft(self, source: Sequence[int]) -> list[int]:
        """Return the ids that are expected to come out for the input ids `source`; these if they are no text."""
        read = _text(source)
        if read is None:
            return list(source)
        if self._skeletons is not None and self._n_saved > 0:
            read = self._skeletons.filled(read)
        padded = _EDGE + read + _EDGE
        return encode("".join(self._expected(padded, place) for place in range(len(read))))[:-1]

    def _expected(self, padded: str, place: int) -> str:
        letter = padded[place + len(_EDGE)]
        for reach in REACHES:
            counts = self._became.get(_surroundings(padded, place, reach))
            n_seen = sum(counts.values()) if counts else 0
            if counts and n_seen >= LEAST_SEEN[reach]:
                usual = max(counts, key=counts.__getitem__)
                return usual if counts[usual] >= LEAST_SHARE[reach] * n_seen else letter
        return letter


def _surroundings(padded: str, place: int, reach: int) -> str:
    """Return the letter at `place` with `reach` neighbours on each side."""
    middle = place + len(_EDGE)
    return padded[middle - reach : middle + reach + 1]


def _outcomes(read: str, made: str) -> list[str]:
    """Return what became of each letter of `read`; letters that were put in go with the one before them."""
    parts = list(read)
    for step in Levenshtein.opcodes(read, made):
        if step.tag == "replace":
            parts[step.src_start : step.src_end] = made[step.dest_start : step.dest_end]
        elif step.tag == "delete":
            parts[step.src_start : step.src_end] = [""] * (step.src_end - step.src_start)
        elif step.tag == "insert" and step.src_start > 0:
            parts[step.src_start - 1] += made[step.dest_start : step.dest_end]
    return parts


def _text(ids: Sequence[int]) -> str | None:
    """Return the text of byte ids, or None if they are no text that is encoded to the same ids."""
    if any(not BYTE_OFFSET <= token < BYTE_OFFSET + 256 for token in ids):
        return None
    text = decode([*ids, EOS_ID])
    return text if encode(text)[:-1] == list(ids) else None
