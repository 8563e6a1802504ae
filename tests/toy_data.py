"""The data section of a toy's training configuration: short windows, few of them."""

from __future__ import annotations

from kzocr.config import DataConfig

CONFIG = DataConfig(
    corpus=("unused",),
    validation_corpus=("unused",),
    word_lists=(),
    word_list_share=0.0,
    prior="mixture",
    least_window_bytes=40,
    greatest_window_bytes=120,
    windows_per_document=3,
    batch_bytes=2048,
    pool_examples=128,
    n_workers=0,
)
