"""The input as a draft of the output: what to expect next, and where in the input the output has got to.

Input-guided decoding (`kzocr.decoding`) asks for the next ids that the model is expected to choose, and tells which
it chose. Nothing here can change the output; a better guess is a pass of the decoder saved.

- Behind a disagreement the output's last bytes are aligned with the input again (weighted edit distance from the
  last place where both ran in parallel), which finds inserted, deleted and substituted bytes alike.
- What the model chose behind its first disagreement was chosen with a wrong byte before it, but most of it is
  right: such choices are kept as repairs of the input at their places.
- A letter's second byte, where only the first is known, is guessed from what the same letter became before.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

from kzocr.encoding import BYTE_OFFSET

CERTAIN_BYTES = 8
"""So many bytes in agreement, and the alignment before them needs no second look."""

LONGEST_TAIL_BYTES = 40
"""So much of the output, at most, is aligned with the source to find the place in it."""

LOOK_AHEAD_BYTES = 12
"""So many bytes of the source the output may have left out."""

FOUND_BYTES = 6
"""So many of the output's last bytes are looked for when the place in the source is lost."""

LOST_DISAGREEMENTS = 3
"""After more of them in a row, without `CERTAIN_BYTES` in agreement between, the place in the source is lost."""

REPEATED_BYTES = 64
"""So much is expected of an output that repeats itself."""

_CONTINUATION, _LEAD, _SPACE, _ASCII, _OTHER = range(5)


def _kind(token: int) -> int:
    byte = token - BYTE_OFFSET
    if not 0 <= byte < 256:
        return _OTHER
    if byte == 0x20 or byte == 0x0A:
        return _SPACE
    if byte < 0x80:
        return _ASCII
    return _CONTINUATION if byte < 0xC0 else _LEAD


class _Kinds(dict[int, int]):
    """The kind of every id; ids that are no bytes are of one kind."""

    def __missing__(self, token: int) -> int:
        return _OTHER


_KINDS = _Kinds({token: _kind(token) for token in range(BYTE_OFFSET + 256)})
_DELETE = [1.0, 0.7, 0.5, 0.5, 2.0]
"""Cost of an input byte that the output leaves out, by kind: spaces and specks go easily."""

_INSERT = [1.0, 0.7, 0.5, 0.8, 2.0]
"""Cost of an output byte that the input lacks, by kind."""

_SUBSTITUTE = [
    [0.9, 3.0, 3.0, 3.0, 3.0],
    [3.0, 0.6, 1.2, 0.65, 3.0],
    [3.0, 1.2, 1.0, 1.3, 3.0],
    [3.0, 0.65, 1.3, 1.0, 3.0],
    [3.0, 3.0, 3.0, 3.0, 1.0],
]
"""Cost of one byte for another, by the kinds of both; a letter that changes both its bytes costs 1.5."""

SecondBytes = MutableMapping[tuple[int, ...], tuple[int, ...]]
"""What followed the first byte of a corrected letter: (the input's letter, the first byte) -> the other bytes."""


class Draft:
    """The expected output of one row.

    Args:
        source: the ids of the draft, without an end of sequence.
        second_bytes: shared between rows, filled here.
    """

    def __init__(self, source: Sequence[int], second_bytes: SecondBytes) -> None:
        self.source = list(source)
        self._source_text = _text(source)
        self.chosen: list[int] = []
        self._second_bytes = second_bytes
        self._at = 0
        self._anchor = (0, 0)
        self._n_agreed = CERTAIN_BYTES
        self._n_lost = 0
        self._queue: list[int] = []
        self._repairs: dict[int, int] = {}
        self._asked: tuple[tuple[int, ...], int] | None = None
        self._expected: list[int] = []
        self._places: list[int] = []

    def propose(self, n_bytes: int) -> list[int]:
        """Return at most `n_bytes` ids that the model is expected to choose next."""
        source, repairs = self.source, self._repairs
        expected, place = list(self._queue), self._at
        places = [place] * len(expected)
        while len(expected) <= n_bytes and place < len(source):
            places.append(place)
            wanted = repairs.get(place) if repairs else None
            if wanted is None:
                expected.append(source[place])
                place += 1
                continue
            expected.append(wanted)
            guess, place = self._behind(place, wanted)
            expected += guess
            places += [place] * len(guess)
        places.append(place)
        self._expected, self._places = expected, places
        return expected[:n_bytes]

    def accept(self, chosen: Sequence[int]) -> int:
        """Take what the model chose in place of each proposed id and behind the last; return how many count.

        Those are the ids up to the first that was not proposed, that one included.
        """
        expected, places = self._expected, self._places
        agreed, most = 0, min(len(chosen), len(expected))
        while agreed < most and chosen[agreed] == expected[agreed]:
            agreed += 1
        taken = min(agreed + 1, len(chosen))
        self.chosen += chosen[:taken]
        self._n_agreed += agreed
        self._remember()
        if agreed == len(chosen):
            self._queue = self._rest_of_letter(agreed)
            self._at = places[agreed]
            return taken
        place, wanted = places[agreed], chosen[agreed]
        self._keep_repairs(chosen, agreed)
        if agreed < len(expected) and self._is_guess(agreed) and _KINDS[wanted] == _CONTINUATION:
            self._at, self._queue = place, []
            return taken
        if self._n_agreed >= CERTAIN_BYTES:
            self._anchor = (len(self.chosen) - 1, place)
            self._n_lost = 0
        self._n_agreed = 0
        self._n_lost += 1
        if self._n_lost <= LOST_DISAGREEMENTS or not self._find():
            self._realign(place, wanted)
        return taken

    def _is_guess(self, number: int) -> bool:
        """Return whether the expected id is a guessed later byte of a letter and none of the source."""
        return self._places[number] == self._places[number + 1]

    def _rest_of_letter(self, number: int) -> list[int]:
        """Return the guessed bytes that were expected from `number` on and not yet asked for."""
        rest = []
        while number < len(self._expected) and self._is_guess(number):
            rest.append(self._expected[number])
            number += 1
        return rest

    def _keep_repairs(self, chosen: Sequence[int], first: int) -> None:
        """Note what the model wanted behind its first disagreement, where it had agreed just before."""
        expected, places, repairs = self._expected, self._places, self._repairs
        for number in range(first + 3, min(len(chosen), len(expected))):
            before = slice(number - 2, number)
            if (
                chosen[number] != expected[number]
                and list(chosen[before]) == expected[before]
                and not self._is_guess(number)
                and _KINDS[chosen[number]] != _OTHER
            ):
                repairs[places[number]] = chosen[number]

    def _realign(self, place: int, wanted: int) -> None:
        """Set where the source goes on behind `wanted`, the last chosen id, which was not expected at `place`."""
        start, anchor = self._anchor
        if len(self.chosen) - start > LONGEST_TAIL_BYTES:
            start, anchor = len(self.chosen) - 1, place
            self._anchor = (start, anchor)
        tail = self.chosen[start:]
        at = anchor + aligned_end(tail, self.source[anchor : anchor + len(tail) + LOOK_AHEAD_BYTES])
        kind = _KINDS[wanted]
        self._queue = []
        if kind == _LEAD:
            guess, at = self._letter_behind(place, at, wanted)
            self._queue = guess
            self._asked = (self._letter(place, wanted), len(self.chosen))
        elif kind != _CONTINUATION:
            at = self._start_of_letter(at)
        self._at = at

    def _find(self) -> bool:
        """Look for the output's last bytes in the source, then in the output itself; return whether they are there.

        A model that leaves out a passage goes on elsewhere in the source; one that repeats itself repeats the
        output.
        """
        tail = _text(self.chosen[-FOUND_BYTES:])
        found = self._source_text.find(tail, self._at)
        if found < 0:
            found = self._source_text.rfind(tail)
        if found >= 0:
            self._at = found + len(tail)
            self._queue = []
            self._anchor = (len(self.chosen), self._at)
            return True
        found = _text(self.chosen).rfind(tail, 0, -1)
        if found < 0:
            return False
        period = self.chosen[found + len(tail) :]
        self._queue = (period * (REPEATED_BYTES // len(period) + 1))[:REPEATED_BYTES]
        return True

    def _letter_behind(self, place: int, at: int, lead: int) -> tuple[list[int], int]:
        """Return the guessed bytes behind a letter's first one and where the source goes on behind them."""
        key = self._letter(place, lead)
        guess = self._second_bytes.get(key) or self._second_bytes.get((lead,))
        end = self._start_of_letter(at)
        if at > 0 and self.source[at - 1] == lead:
            return [], at
        if guess is None:
            return [], at
        return list(guess), end

    def _behind(self, place: int, wanted: int) -> tuple[list[int], int]:
        """Return the guessed rest of the letter `wanted` begins, if it does, and where the source goes on."""
        source = self.source
        at = place + aligned_end([wanted], source[place : place + LOOK_AHEAD_BYTES])
        kind = _KINDS[wanted]
        if kind == _LEAD:
            guess, at = self._letter_behind(place, at, wanted)
            return guess, at
        return [], at if kind == _CONTINUATION else self._start_of_letter(at)

    def _letter(self, place: int, lead: int) -> tuple[int, ...]:
        """Return what the bytes behind `lead` depend on: the source's letter at `place`, and `lead`."""
        end = self._start_of_letter(place + 1)
        return (*self.source[place:end], lead)

    def _start_of_letter(self, place: int) -> int:
        """Return the first place from `place` on where a letter begins."""
        while place < len(self.source) and _KINDS[self.source[place]] == _CONTINUATION:
            place += 1
        return place

    def _remember(self) -> None:
        """Note the bytes that followed the first byte of a corrected letter, once they are known."""
        if self._asked is None:
            return
        key, start = self._asked
        end = start
        while end < len(self.chosen) and _KINDS[self.chosen[end]] == _CONTINUATION:
            end += 1
        if end < len(self.chosen) or end - start == 3:
            self._second_bytes[key] = self._second_bytes[key[-1:]] = tuple(self.chosen[start:end])
            self._asked = None


def _text(ids: Sequence[int]) -> str:
    """Return a string with one character per id, for its fast search."""
    return "".join(map(chr, ids))


def aligned_end(tail: Sequence[int], source: Sequence[int]) -> int:
    """Return how many ids of `source` the output `tail` accounts for; the rest of `source` is still to come.

    The weighted edit distance between `tail` and every beginning of `source`; the least wins, the longest of
    equals. `aligned_end([40], [35, 40, 41]) == 2`: the 35 (a space) was deleted.
    """
    best = [0.0]
    for token in source:
        best.append(best[-1] + _DELETE[_KINDS[token]])
    for token in tail:
        kind = _KINDS[token]
        insert, substitute = _INSERT[kind], _SUBSTITUTE[kind]
        above = best[0]
        left = above + insert
        row = [left]
        for number, other in enumerate(source, start=1):
            diagonal = above if other == token else above + substitute[_KINDS[other]]
            above = best[number]
            left = min(diagonal, above + insert, left + _DELETE[_KINDS[other]])
            row.append(left)
        best = row
    least = min(best)
    return max(number for number, cost in enumerate(best) if cost <= least + 1e-9)
