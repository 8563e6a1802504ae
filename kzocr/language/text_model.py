"""How likely is running Kazakh text, character by character? A word that fits its neighbours makes it likelier.

A model of character n-grams across words with Witten-Bell smoothing (Chen and Goodman 1999, section 2.4), case apart,
kept as a table of probabilities and back-off weights as ARPA files have it: small, and quick to look up in bulk. What
eight characters do not see of the words around is left to `kzocr.spelling.context_model`.
"""

from __future__ import annotations

import io
import lzma
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kzocr.text import LOWER

TEXT_MODEL_FILE = "text.npz.xz"
"""Name of the file beside a model's weights."""

ORDER = 8
"""Characters of the longest n-grams."""

LEAST_COUNT = 2
"""N-grams of four characters and more that were seen less often are left out."""

_ALWAYS_COUNTED = 3
"""Characters of the longest n-grams of which one that was seen once is kept."""

_SIGNS = LOWER + " -.,"
_DIGIT, _OTHER = len(_SIGNS), len(_SIGNS) + 1
_N_SIGNS = len(_SIGNS) + 2
_CODES = {sign: number for number, sign in enumerate(_SIGNS)}
_SPACE = _CODES[" "]

_STEP, _MOST = 16.0, 255
"""Costs are kept as bytes: sixteenths of a nat, up to almost 16 nats."""

_LEAST_LEFT_OVER = 1e-6
"""Keeps the logarithm of what no longer n-gram takes finite."""

Codes = npt.NDArray[np.int64]
Levels = npt.NDArray[np.uint8]


class TextModel:
    """Log probabilities of characters after the `order` - 1 characters in front of them.

    Args:
        grams: for each length from 1, the n-grams in ascending order; the last sign of an n-gram is its lowest digit.
        costs: for each length, -log P of the last sign of each n-gram after the others, in sixteenths of a nat.
        back_offs: for each length but the last, -log of what the probability of a sign that was not seen behind the
            n-gram is multiplied by, that behind the n-gram without its first sign, in sixteenths of a nat.

    Raises:
        ValueError: the tables do not belong together.
    """

    def __init__(
        self,
        grams: Sequence[Codes],
        costs: Sequence[Levels],
        back_offs: Sequence[Levels],
    ) -> None:
        sizes = [len(table) for table in grams]
        if (
            not sizes
            or [len(table) for table in costs] != sizes
            or [len(table) for table in back_offs] != sizes[:-1]
            or any(table.ndim != 1 or np.any(table[1:] <= table[:-1]) for table in grams)
            or not np.array_equal(grams[0], np.arange(_N_SIGNS))
        ):
            raise ValueError("a text model needs ascending n-grams of each length, with a cost and a back-off for each")
        self.grams, self.costs, self.back_offs = list(grams), list(costs), list(back_offs)

    @property
    def order(self) -> int:
        """Characters of the longest n-grams."""
        return len(self.grams)

    def log_probabilities(self, text: str) -> npt.NDArray[np.float64]:
        """Return the natural logarithm of the probability of each character of `text` after those before it.

        Case does not count, all digits are one sign, a line's end is a space, and one more stands before the text.
        """
        codes = np.concatenate([np.full(self.order - 1, _SPACE, dtype=np.int64), _codes(text)])
        return -self._costs(codes) / _STEP

    def gains(self, text: str, changes: Sequence[tuple[int, int, str]]) -> list[float]:
        """Return by how many nats each change, by itself, makes `text` likelier.

        Args:
            text: running text.
            changes: first character of a stretch, one past its last, and what may stand there instead.
        """
        if not changes:
            return []
        reach = self.order - 1
        codes = np.concatenate([np.full(reach, _SPACE, dtype=np.int64), _codes(text), [_SPACE]])
        now = np.concatenate([[0.0], np.cumsum(self._costs(codes))])
        pieces = []
        for start, end, after in changes:
            pieces += [codes[start : start + reach], _codes(after), codes[reach + end : 2 * reach + end]]
        costs = np.concatenate([np.zeros(reach + 1), np.cumsum(self._costs(np.concatenate(pieces)))])
        found = []
        first = 0
        for number, (start, end, _) in enumerate(changes):
            last = first + sum(map(len, pieces[3 * number : 3 * number + 3]))
            then = costs[last] - costs[first + reach]
            n_behind = len(pieces[3 * number + 2])
            found.append(float(now[end + n_behind] - now[start] - then) / _STEP)
            first = last
        return found

    def continuations(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return for each pair the log probability of the second text behind the first, nats."""
        if not pairs:
            return []
        reach = self.order - 1
        start = np.full(reach, _SPACE, dtype=np.int64)
        pieces = [(np.concatenate([start, _codes(before[-reach:])])[-reach:], _codes(after)) for before, after in pairs]
        costs = np.concatenate(
            [np.zeros(reach), self._costs(np.concatenate([codes for piece in pieces for codes in piece]))]
        )
        sums = np.concatenate([[0.0], np.cumsum(costs)])
        ends = np.cumsum([reach + len(after) for _, after in pieces])
        starts = ends - [len(after) for _, after in pieces]
        found: list[float] = ((sums[starts] - sums[ends]) / _STEP).tolist()
        return found

    def _costs(self, codes: Codes) -> npt.NDArray[np.float64]:
        """Return the costs of the signs from the one numbered `order` - 1 on."""
        first = self.order - 1
        n_signs = len(codes) - first
        cost = np.zeros(n_signs)
        for length in range(1, self.order + 1):
            gram = np.zeros(n_signs, dtype=np.int64)
            for place in range(first - length + 1, first + 1):
                gram = gram * _N_SIGNS + codes[place : place + n_signs]
            if length > 1:
                cost += _looked_up(gram // _N_SIGNS, self.grams[length - 2], self.back_offs[length - 2], 0)
            known = _looked_up(gram, self.grams[length - 1], self.costs[length - 1], -1)
            cost = np.where(known >= 0, known, cost)
        return cost

    @classmethod
    def from_lines(cls, lines: Iterable[str], order: int = ORDER, least_count: int = LEAST_COUNT) -> TextModel:
        """Return the model of texts.

        Args:
            lines: text without errors; each begins and ends with a space.
            order: characters of the longest n-grams, 1 to 10.
            least_count: n-grams of four characters and more that were seen less often are left out.

        Raises:
            ValueError: `order` is out of range, or there is no text.
        """
        if not 1 <= order <= 10:
            raise ValueError(f"order is {order}: expected 1 to 10")
        text = " ".join(" ".join(lines).split())
        if not text:
            raise ValueError("no text to count characters in")
        codes = _codes(f" {text} ")
        grams: list[Codes] = [np.arange(_N_SIGNS)]
        costs: list[npt.NDArray[np.float64]] = []
        back_offs: list[npt.NDArray[np.float64]] = []
        counts = np.bincount(codes, minlength=_N_SIGNS)
        kinds = np.count_nonzero(counts)
        costs.append(-np.log((counts + kinds / _N_SIGNS) / (len(codes) + kinds)))
        running = codes
        for length in range(2, order + 1):
            running = running[:-1] * _N_SIGNS + codes[length - 1 :]
            seen, counts = np.unique(running, return_counts=True)
            n_contexts = len(grams[-1])
            # What stands before a rare n-gram's last sign may itself have been too rare to be kept.
            place = _places(seen // _N_SIGNS, grams[-1])
            seen, counts, place = seen[place >= 0], counts[place >= 0], place[place >= 0]
            totals = np.bincount(place, counts, n_contexts)
            n_kinds = np.bincount(place, minlength=n_contexts)
            if length > _ALWAYS_COUNTED:
                is_kept = counts >= least_count
                seen, counts, place = seen[is_kept], counts[is_kept], place[is_kept]
            lower = np.exp(-costs[-1][_places(seen % _N_SIGNS ** (length - 1), grams[-1])])
            shares = (counts + n_kinds[place] * lower) / (totals[place] + n_kinds[place])
            left_over = np.maximum(1.0 - np.bincount(place, shares, n_contexts), _LEAST_LEFT_OVER)
            lower_left_over = np.maximum(1.0 - np.bincount(place, lower, n_contexts), _LEAST_LEFT_OVER)
            grams.append(seen)
            costs.append(-np.log(shares))
            back_offs.append(np.maximum(-np.log(left_over / lower_left_over), 0.0))
        return cls(grams, [_levels(table) for table in costs], [_levels(table) for table in back_offs])

    def write(self, path: Path) -> None:
        """Write the tables: the steps from n-gram to n-gram, costs and back-offs, as NumPy's npz, compressed by xz."""
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for length, (grams, costs) in enumerate(zip(self.grams, self.costs, strict=True), start=1):
            arrays[f"steps{length}"] = np.diff(grams, prepend=0)
            arrays[f"costs{length}"] = costs
        for length, back_offs in enumerate(self.back_offs, start=1):
            arrays[f"back_offs{length}"] = back_offs
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]  # its stubs know no mapping of arrays
        path.write_bytes(lzma.compress(buffer.getvalue(), preset=9))

    @classmethod
    def read(cls, path: Path) -> TextModel:
        """Return the model in a file.

        Raises:
            ValueError: it is no such file; the message names it.
            OSError: it cannot be read.
        """
        try:
            with np.load(io.BytesIO(lzma.decompress(path.read_bytes())), allow_pickle=False) as arrays:
                order = sum(re.fullmatch(r"steps\d+", name) is not None for name in arrays)
                grams = [np.cumsum(arrays[f"steps{length}"].astype(np.int64)) for length in range(1, order + 1)]
                costs = [arrays[f"costs{length}"].astype(np.uint8) for length in range(1, order + 1)]
                back_offs = [arrays[f"back_offs{length}"].astype(np.uint8) for length in range(1, order)]
            return cls(grams, costs, back_offs)
        except (lzma.LZMAError, KeyError, ValueError, EOFError) as error:
            raise ValueError(f"{path}: no text model: {error}") from error


def _codes(text: str) -> Codes:
    return np.array(
        [_CODES.get(sign, _SPACE if sign.isspace() else _DIGIT if sign.isdigit() else _OTHER) for sign in text.lower()],
        dtype=np.int64,
    )


def _levels(costs: npt.NDArray[np.float64]) -> Levels:
    return np.minimum(np.rint(costs * _STEP), _MOST).astype(np.uint8)


def _looked_up(wanted: Codes, grams: Codes, levels: Levels, missing: int) -> npt.NDArray[np.float64]:
    """Return the level of each n-gram that is wanted, `missing` for those that are not there."""
    place = _places(wanted, grams)
    found = np.full(len(wanted), float(missing))
    found[place >= 0] = levels[place[place >= 0]]
    return found


def _places(wanted: Codes, grams: Codes) -> Codes:
    """Return the place of each n-gram that is wanted in the ascending `grams`, -1 for those that are not there."""
    place = np.searchsorted(grams, wanted)
    place[place == len(grams)] = -1
    return np.where(grams[place] == wanted, place, -1) if len(grams) else place
