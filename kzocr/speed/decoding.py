"""Speed of decoding: the same windows by every decoder, every output compared, and what the floor is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import PreTrainedModel

from kzocr.decoding import Decoded, DecodingCounts
from kzocr.encoding import encode
from kzocr.speed.decoders import GENERATE, Forgetful, Run, contestants

Ids = list[list[int]]


@dataclass(frozen=True)
class Measurement:
    """One way of decoding, timed over all windows.

    Attributes:
        name: of the way.
        batch_rows: windows of a batch.
        seconds: of the fastest run.
        chars_per_second: characters of the windows in that time.
        n_windows: how many were decoded.
        n_different_windows: those among them whose output is not that of `generate`.
        ratio: speed over `generate` at the same batch.
        ratio_to_best: speed over `generate` at the batch size where it is fastest.
    """

    name: str
    batch_rows: int
    seconds: float
    chars_per_second: float
    n_windows: int
    n_different_windows: int
    ratio: float | None = None
    ratio_to_best: float | None = None


class DecodingRace:
    """Times ways to decode on the same windows.

    Args:
        model: the checkpoint, on its device.
        texts: of the windows, at least one.
        device: "cpu" or "cuda".
        repeats: the fastest of so many runs counts, where a way does not say itself how many it is worth.
    """

    def __init__(self, model: PreTrainedModel, texts: Sequence[str], device: str, repeats: int) -> None:
        self._model = model
        self._inputs = sorted(map(encode, texts), key=len)  # like lengths together, for those who pad
        self._n_chars = sum(map(len, texts))
        self._device = device
        self._repeats = repeats
        self._forgetful = Forgetful(model)

    def measurements(
        self, batch_rows: Sequence[int], generate_rows: Sequence[int], on_start: Callable[[str], None]
    ) -> list[Measurement]:
        """Return the speed of each way at each batch size.

        Args:
            batch_rows: batch sizes at which all are compared.
            generate_rows: more of them for `generate` alone.
            on_start: called with what is timed next.
        """
        expected: list[Decoded] = []
        found: list[Measurement] = []
        for rows in [*batch_rows, *(rows for rows in generate_rows if rows not in batch_rows)]:
            generated_seconds = 0.0
            only_generate = rows not in batch_rows
            for one in contestants(self._model, self._forgetful, rows, self._device, only_generate=only_generate):
                on_start(f"{one.name}, batches of {rows}")
                seconds, outputs = timed(one.start, self._inputs, rows, one.n_runs or self._repeats)
                expected = expected or outputs
                generated_seconds = generated_seconds or seconds
                n_different = sum(ours.ids != theirs.ids for ours, theirs in zip(outputs, expected, strict=True))
                found.append(
                    Measurement(
                        name=one.name,
                        batch_rows=rows,
                        seconds=seconds,
                        chars_per_second=self._n_chars / seconds,
                        n_windows=len(self._inputs),
                        n_different_windows=n_different,
                        ratio=generated_seconds / seconds,
                    )
                )
        best_seconds = min(one.seconds for one in found if one.name == GENERATE)
        return [replace(one, ratio_to_best=best_seconds / one.seconds) for one in found]

    @torch.inference_mode()
    def profile(self, rows: int) -> dict[str, Any]:
        """Return where guided decoding spends its time, at one batch size.

        The encoder's share; passes of the decoder and bytes per window, those verified in vain among them; and the
        share of the time that would be left if the draft were the output itself: the floor.
        """
        decoder, inputs = self._forgetful.decoder, self._inputs
        batches = [inputs[first : first + rows] for first in range(0, len(inputs), rows)]
        before, run = decoder.counts, self._forgetful.start()
        outputs = [[one.ids for one in run(batch)] for batch in batches]
        counts = decoder.counts
        seconds, _ = timed(self._forgetful.start, inputs, rows, self._repeats)
        encoder_seconds = perfect_seconds = float("inf")
        for _ in range(self._repeats):
            begin = time.perf_counter()
            for batch in batches:
                decoder.packed.encode(batch)
            encoder_seconds = min(encoder_seconds, time.perf_counter() - begin)
            begin = time.perf_counter()
            for batch, drafts in zip(batches, outputs, strict=True):
                decoder.decode(batch, drafts=drafts)
            perfect_seconds = min(perfect_seconds, time.perf_counter() - begin)
        return {
            "batch_rows": rows,
            "encoder_share": encoder_seconds / seconds,
            "floor_share": perfect_seconds / seconds,
            **_per_window(before, counts),
        }


def _per_window(before: DecodingCounts, after: DecodingCounts) -> dict[str, float]:
    """Return passes, bytes and wasted bytes a window of what was decoded between two counts."""
    n_rows = after.n_rows - before.n_rows
    n_accepted = after.accepted_bytes - before.accepted_bytes
    n_verified = after.verified_bytes - before.verified_bytes
    return {
        "passes_per_window": (after.n_row_passes - before.n_row_passes) / n_rows,
        "bytes_per_window": n_accepted / n_rows,
        "wasted_bytes_per_window": (n_verified - n_accepted) / n_rows,
    }


def timed(start: Callable[[], Run], inputs: Ids, rows: int, n_runs: int) -> tuple[float, list[Decoded]]:
    """Return the seconds of the fastest run over all inputs, in batches in their order, and the outputs."""
    batches = [list(range(first, min(first + rows, len(inputs)))) for first in range(0, len(inputs), rows)]
    start()([inputs[number] for number in batches[0]])
    fastest, outputs = float("inf"), list[Decoded]()
    for _ in range(n_runs):
        run = start()
        begin = time.perf_counter()
        outputs = [decoded for batch in batches for decoded in run([inputs[number] for number in batch])]
        fastest = min(fastest, time.perf_counter() - begin)
    return fastest, outputs
