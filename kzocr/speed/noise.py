"""Speed of noise: megabytes of text a second of one core's time, next to what other libraries draw."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import Levenshtein

from kzocr.channel.generators import Documents, NlpaugNoise, NoisocrNoise
from kzocr.channel.prior import ChannelPrior

CER_CHARS = 20_000
"""Characters of a document that its error rate is taken from: the distance of whole books would take longer than their
noise."""

RIVAL_RATE = 0.05
"""Share of the characters that the other libraries are asked to change."""

OCR_AUG = "nlpaug OcrAug"


@dataclass(frozen=True)
class NoiseSpeed:
    """One generator, timed on the same documents; `ratio`: its speed over OcrAug's, if that was measured."""

    name: str
    seconds: float
    mb_per_second: float
    cer: float
    ratio: float | None = None


@dataclass(frozen=True)
class NoiseSpeeds:
    """All generators.

    Attributes:
        noise: of each.
        start_up_seconds: to read the files of all priors, once a process.
        peak_mib: the greatest memory of the process while our priors were timed.
    """

    noise: Sequence[NoiseSpeed]
    start_up_seconds: float
    peak_mib: float


def noise_speeds(
    names: Sequence[str],
    documents: Sequence[str],
    rival_document: str,
    on_missing: Callable[[str, ImportError], None],
) -> NoiseSpeeds:
    """Return how fast priors draw noise, and how fast other libraries do.

    Args:
        names: of the priors.
        documents: what the priors corrupt, each with a channel of its own.
        rival_document: what the other libraries corrupt.
        on_missing: called with the name of a library that is not installed, and the error.

    Raises:
        ValueError: no such prior.
    """
    begin = time.process_time()
    for name in {*names, *ChannelPrior.shipped_names()}:
        ChannelPrior.load(name).draw(np.random.default_rng(0))  # reads the files of counted priors, once a process
    start_up_seconds = time.process_time() - begin
    found = [noise_speed(name, ChannelPrior.load(name), documents) for name in names]
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, kind in ((OCR_AUG, NlpaugNoise), ("noisocr", NoisocrNoise)):
        try:
            found.append(noise_speed(name, Documents(kind(RIVAL_RATE)), [rival_document]))
        except ImportError as error:
            on_missing(name, error)
    base = next((one.mb_per_second for one in found if one.name == OCR_AUG), None)
    found = [replace(one, ratio=one.mb_per_second / base) if base else one for one in found]
    return NoiseSpeeds(found, start_up_seconds, peak_kib / 1024)


def noise_speed(name: str, prior: ChannelPrior | Documents, texts: Sequence[str]) -> NoiseSpeed:
    """Return the speed over `texts`, a new channel for each; drawing channels is timed too, reading files is not."""
    rng = np.random.default_rng(1)
    prior.draw(rng).sample(texts[0][:100], rng)  # what is made once a process is not timed
    seconds = 0.0
    n_errors = n_chars = 0
    for text in texts:
        begin = time.process_time()
        channel = prior.draw(rng)
        channel.sample(text, rng)
        seconds += time.process_time() - begin
        start = text[:CER_CHARS]
        n_errors += Levenshtein.distance(start, channel.sample(start, rng))
        n_chars += len(start)
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    return NoiseSpeed(name, seconds, n_bytes / seconds / 1e6, n_errors / max(n_chars, 1))
