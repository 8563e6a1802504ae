"""Texts that speed is measured with: as long as one wants, without a window that comes twice, or with drawn noise."""

from __future__ import annotations

import numpy as np

from kzocr.channel.prior import ChannelPrior


def numbered(source: str, n_bytes: int) -> str:
    """Return about `n_bytes` of `source` over and over, with a number in every line: no window comes twice.

    Raises:
        ValueError: the text is empty.
    """
    lines = [line for line in source.splitlines() if line.strip()]
    if not lines:
        raise ValueError("the text is empty")
    document: list[str] = []
    n_done_bytes = 0
    while n_done_bytes < n_bytes:
        document.append(f"{lines[len(document) % len(lines)]} {1000 + len(document)}\n")
        n_done_bytes += len(document[-1].encode())
    return "".join(document)


def repeated(source: str, n_bytes: int) -> str:
    """Return `source`, from its start over where it is too short, cut to `n_bytes` or to a character less.

    Raises:
        ValueError: the text is empty.
    """
    content = source.strip()
    if not content:
        raise ValueError("the text is empty")
    data = f"{content}\n".encode()
    return (data * (n_bytes // len(data) + 1))[:n_bytes].decode("utf-8", errors="ignore")


def noisy(source: str, prior: str) -> str:
    """Return `source` as it might have been read, with noise of one channel of a prior, always the same one.

    Raises:
        ValueError: no such prior.
    """
    rng = np.random.default_rng(1)
    return ChannelPrior.load(prior).draw(rng).sample(source, rng)
