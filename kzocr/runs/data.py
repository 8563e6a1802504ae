"""A training configuration -> what the run learns from and is validated on, and its batches from any place on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kzocr.channel.description import prior_sha256
from kzocr.channel.prior import ChannelPrior
from kzocr.config import TrainingConfig
from kzocr.corpus import Source, load_corpus, load_word_lists, with_held_out, without_overlap
from kzocr.data import Batch, Example, ExampleSampler, Pools, loader
from kzocr.encoding import IGNORED_LABEL
from kzocr.pairs import TextPair
from kzocr.read_documents import load_read_documents
from kzocr.runs.state import Progress, TrainingError
from kzocr.runs.validation import load_pairs, validation_examples


@dataclass(frozen=True)
class RunData:
    """What one run learns from and is validated on.

    Attributes:
        sources: the texts that are learnt from, without those that are held out.
        validation: held-out texts with noise.
        pairs: real pairs to validate on, by name.
        sampler: what draws examples from the sources.
        hashes: what all this is made of -> its sha256 in hexadecimal digits; files by their names alone.
    """

    sources: list[Source]
    validation: list[Example]
    pairs: dict[str, list[TextPair]]
    sampler: ExampleSampler
    hashes: Mapping[str, str]

    @classmethod
    def load(cls, config: TrainingConfig) -> RunData:
        """Return the data that `config` names.

        Raises:
            CorpusError, ConfigError, OSError: something cannot be read.
        """
        corpus, held_out = load_corpus(config.data.corpus), load_corpus(config.data.validation_corpus)
        if config.data.held_out_share:
            corpus, joining = with_held_out(corpus, config.data.held_out_share)
            held_out += joining
        pairs = load_pairs(config.data.validation_pairs)
        measured = [*held_out, *(_printed(name, some) for name, some in pairs.items())]
        sources = without_overlap(corpus, measured, drops_empty=config.data.held_out_share > 0)
        prior = ChannelPrior.load(config.data.prior)
        words = load_word_lists(config.data.word_lists, measured)
        validation = validation_examples(held_out, prior, config)
        read = load_read_documents(config.data.pairs, measured)
        hashes = _hashes(config, sources, words)
        return cls(sources, validation, pairs, ExampleSampler(sources, prior, config.data, words, read), hashes)

    def batches(self, config: TrainingConfig, progress: Progress, n_processes: int, rank: int) -> Iterator[Batch]:
        """Yield batches from where the run is; with several processes each takes every n-th batch.

        What is left of a pool when there is no batch for each process is passed over.

        Args:
            config: the run's configuration.
            progress: where the run is; it is moved on with every batch.
            n_processes: processes that share the batches.
            rank: number of this process, from 0.

        Raises:
            TrainingError: a pool has fewer batches than there are processes.
        """
        pools = Pools(
            self.sampler,
            config.seed,
            config.curriculum,
            config.run.changed_byte_weight,
            first_pool=progress.pool,
        )
        for batches in loader(pools, config.data.n_workers):
            if len(batches) < n_processes:
                raise TrainingError(
                    f"pool {progress.pool} has {len(batches)} batches for {n_processes} processes: "
                    "raise data.pool_examples or lower data.batch_bytes"
                )
            while progress.n_batches + n_processes <= len(batches):
                turn = batches[progress.n_batches : progress.n_batches + n_processes]
                progress.n_batches += n_processes
                progress.target_bytes += sum(int((b["labels"] != IGNORED_LABEL).sum()) for b in turn)
                yield turn[rank]
            progress.pool += 1
            progress.n_batches = 0


def _printed(name: str, pairs: Sequence[TextPair]) -> Source:
    """Return the printed texts of `pairs`: each as one line, in which runs of words go on, and line by line."""
    lines = (line for pair in pairs for line in (pair.reference, *pair.reference.splitlines()))
    return Source.from_lines(name, dict.fromkeys(lines))


def _hashes(config: TrainingConfig, sources: Sequence[Source], words: Sequence[str]) -> dict[str, str]:
    """Return the hashes of all that decides which examples are drawn."""
    pairs = [(Path(path).name, hashlib.sha256(Path(path).read_bytes()).hexdigest()) for path in config.data.pairs]
    named = [
        *((f"source {source.name}", source.sha256) for source in sources),
        ("word lists", Source.from_lines("", words).sha256),
        (f"prior {Path(config.data.prior).name}", prior_sha256(config.data.prior)),
        *((f"pairs {name}", digest) for name, digest in pairs),
    ]
    hashes: dict[str, str] = {}
    for name, digest in named:  # files of several folders may have one name
        hashes[name] = f"{hashes[name]} {digest}" if name in hashes else digest
    return hashes
