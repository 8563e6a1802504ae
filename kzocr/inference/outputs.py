"""Texts of windows -> what the model prints for each: sorted into batches, and never the same one twice."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from kzocr.encoding import decode, encode
from kzocr.inference.views import Output
from kzocr.text import n_bytes

CACHED_WINDOWS = 8192
"""Outputs that are kept: some 100 MB where every other word is in doubt."""

MAX_GROWTH = 1.5
GROWTH_SLACK_BYTES = 16
"""The output of an input of n ids ends after `MAX_GROWTH` n + `GROWTH_SLACK_BYTES` at the latest."""


class DecodedRow(Protocol):
    """What a decoder gives for one input, a `Decoded` of `kzocr.decoding` or an `Examined` of `kzocr.spelling`."""

    @property
    def ids(self) -> Sequence[int]:
        """The ids of the bytes, without the end of sequence."""

    @property
    def log_probabilities(self) -> Sequence[float]:
        """The natural logarithm of the probability of each id."""

    @property
    def finished(self) -> bool:
        """Whether the end of sequence came before the limit."""

    @property
    def end_log_probability(self) -> float:
        """The natural logarithm of the probability of the end of sequence."""


class Decoder(Protocol):
    """What a corrector needs of a model: `kzocr.decoding.GuidedDecoder`, or a stand-in for it."""

    def decode(self, inputs: Sequence[Sequence[int]], *, max_new_bytes: list[int]) -> Sequence[DecodedRow]:
        """Return what the model prints for each input, in at most so many ids."""


class OutputCache:
    """What a model printed for the windows of one call, all passes; a window that comes again is not decoded again.

    Args:
        decoder: the model.
        batch_bytes: the most bytes of input at once, padding included (a single window may have more).
        lock: held while the model works.
    """

    def __init__(self, decoder: Decoder, batch_bytes: int, lock: threading.Lock) -> None:
        self._decoder = decoder
        self._batch_bytes = batch_bytes
        self._lock = lock
        self._outputs: dict[str, Output] = {}

    def outputs(self, texts: Iterable[str]) -> dict[str, Output]:
        """Return the output for each of the texts; the same texts give the same outputs."""
        wanted = dict.fromkeys(texts)
        unknown = (text for text in wanted if text not in self._outputs)
        new = sorted(unknown, key=lambda text: (n_bytes(text), text))
        for batch in self._batches(new):
            inputs = [encode(text) for text in batch]
            limits = [int(MAX_GROWTH * len(ids)) + GROWTH_SLACK_BYTES for ids in inputs]
            with self._lock:
                decoded = self._decoder.decode(inputs, max_new_bytes=limits)
            for text, row in zip(batch, decoded, strict=True):
                self._outputs[text] = output_of(row)
        found = {text: self._outputs[text] for text in wanted}
        while len(self._outputs) > CACHED_WINDOWS:
            del self._outputs[next(iter(self._outputs))]
        return found

    def _batches(self, texts: Sequence[str]) -> Iterator[Sequence[str]]:
        """Yield `texts`, shortest first, in batches of at most `batch_bytes`."""
        start = 0
        for end in range(1, len(texts) + 1):
            if end == len(texts) or (end + 1 - start) * n_bytes(texts[end]) > self._batch_bytes:
                yield texts[start:end]
                start = end


def output_of(row: DecodedRow) -> Output:
    """Return what a decoder gave for one input as text, with its words in doubt where the decoder names some."""
    log_probabilities = [*row.log_probabilities, row.end_log_probability]
    return Output(decode(row.ids), log_probabilities, row.finished, getattr(row, "doubts", ()))
