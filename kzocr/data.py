"""Corpus + channel prior -> an endless stream of training batches, each a function of (seed, pool number) alone.

A pool is a few hundred examples drawn together, sorted by length and cut into batches of about equal padded bytes,
so that padding stays rare. Pool i is the same whoever draws it: workers in parallel give what one process gives,
and a resumed run goes on with the batch after the last one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from kzocr.alignment import align
from kzocr.channel.layout import wrap
from kzocr.channel.model import ChannelModel
from kzocr.channel.prior import ChannelPrior
from kzocr.channel.protected import protect
from kzocr.config import CurriculumStage, DataConfig
from kzocr.corpus import Source
from kzocr.encoding import collate, encode
from kzocr.read_documents import ReadDocuments
from kzocr.text import LOWER, UPPER, n_bytes

Batch = dict[str, torch.Tensor]

MAX_GROWTH = 1.5
"""Examples whose noisy side is longer than this many times the printed side (plus a little) are drawn again."""

MEAN_WORD_BYTES = 16
"""About what a Kazakh word and its space take in UTF-8."""

LISTED_WORD_SKEW = 1.5
"""A word's place in its list is the length times a uniform number to this power: 1 would take all words alike."""

MAX_EMPTY_DRAWS = 1000
"""So many passages in a row without an example mean that the corpus has none."""


@dataclass(frozen=True)
class Example:
    """One training example: what was printed and what the channel made of it."""

    reference: str
    hypothesis: str


class ExampleSampler:
    """Draws examples from sources of text; all randomness comes from the generator that is passed in."""

    def __init__(
        self,
        sources: Sequence[Source],
        prior: ChannelPrior,
        config: DataConfig,
        word_list: Sequence[str] = (),
        read: ReadDocuments | None = None,
    ) -> None:
        """Prepare nothing yet.

        Args:
            sources: text, drawn from in proportion to its bytes.
            prior: draws each document's channel.
            config: window lengths and shares.
            word_list: words, the frequent ones first, of which `config.word_list_share` of the documents are made.
            read: documents that an engine read, of which `config.pair_share` of the documents are drawn.
        """
        self.sources = list(sources)
        self.word_list = list(word_list)
        self.read = read
        self.prior = prior
        self.config = config
        sizes = np.array([source.n_bytes for source in self.sources], dtype=float)
        self.shares = sizes / sizes.sum()

    def documents(self, n_examples: int, rng: np.random.Generator) -> list[Example]:
        """Return `n_examples` windows of text; `windows_per_document` neighbours share one channel."""
        examples: list[Example] = []
        while len(examples) < n_examples:
            examples.extend(example for example in self._document(rng) if self._is_taken(example, rng))
        return examples[:n_examples]

    def _document(self, rng: np.random.Generator) -> list[Example]:
        """Return neighbouring windows of one document: as an engine read it, or through a drawn channel."""
        if self.read is not None and rng.random() < self.config.pair_share:
            return self._read_windows(self.read, rng)
        channel = self.prior.draw(rng)
        windows = self._first_found(lambda: self._windows(self.config.windows_per_document, rng), "a word")
        return [self._corrupt(window, channel, rng) for window in windows]

    def _is_taken(self, example: Example, rng: np.random.Generator) -> bool:
        """Return whether `example` is trained on: every one with an error, `undamaged_share` of the others."""
        share = self.config.undamaged_share
        return share == 1 or example.reference != example.hypothesis or rng.random() < share

    def words(self, n_examples: int, least: int, greatest: int, rng: np.random.Generator) -> list[Example]:
        """Return short examples of `least` to `greatest` words."""
        examples: list[Example] = []
        while len(examples) < n_examples:
            channel = self.prior.draw(rng)
            words = self._first_found(lambda: self._words(least, rng), f"{least} words")
            while len(words) >= least and words:
                n_words = int(rng.integers(least, greatest + 1))
                examples.append(self._corrupt(" ".join(words[:n_words]), channel, rng))
                words = words[n_words:]
        return examples[:n_examples]

    def random_letters(self, n_examples: int, least: int, greatest: int, rng: np.random.Generator) -> list[Example]:
        """Return strings of `least` to `greatest` random letters to copy: no language to lean on."""
        alphabet = np.array(list(LOWER * 2 + UPPER + "0123456789.,-«»!?:;()_abcdefghijklmnopqrstuvwxyz      \n"))
        texts = ("".join(rng.choice(alphabet, int(rng.integers(least, greatest + 1)))) for _ in range(n_examples))
        return [Example(text, text) for text in texts]

    def _words(self, least: int, rng: np.random.Generator) -> list[str]:
        words = self._passage(600, rng).split()
        return words if len(words) >= least else []

    def _first_found(self, draw: Callable[[], list[str]], what: str) -> list[str]:
        """Return the first draw that is not empty.

        Raises:
            ValueError: none of `MAX_EMPTY_DRAWS` had anything.
        """
        for _ in range(MAX_EMPTY_DRAWS):
            if found := draw():
                return found
        names = ", ".join(source.name for source in self.sources)
        raise ValueError(f"the corpus ({names}) has no passage of {what}")

    def _passage(self, least_bytes: int, rng: np.random.Generator) -> str:
        """Return neighbouring lines of one source, or words of the list, set as a page would have them."""
        text = self._listed_words(least_bytes, rng)
        if text is None:
            text = protect((" " if rng.random() < 0.5 else "\n").join(self._lines(least_bytes, rng)), rng)
        if rng.random() < 0.6:
            text = wrap(text, int(rng.integers(28, 110)), float(rng.choice([0.0, 0.3, 0.9])), rng)
        return text

    def _listed_words(self, least_bytes: int, rng: np.random.Generator) -> str | None:
        """Return random words of the list, frequent ones somewhat oftener, or None where it is no word's turn."""
        if not self.word_list or rng.random() >= self.config.word_list_share:
            return None
        n_words = max(1, least_bytes // MEAN_WORD_BYTES)
        places = (len(self.word_list) * rng.random(n_words) ** LISTED_WORD_SKEW).astype(int)
        return " ".join(self.word_list[place] for place in places)

    def _lines(self, least_bytes: int, rng: np.random.Generator) -> list[str]:
        """Return neighbouring lines of one source."""
        source = self.sources[int(rng.choice(len(self.sources), p=self.shares))]
        start = end = int(rng.integers(len(source.lines)))
        total = 0
        # By number: a slice to the end would copy the rest of a corpus for every passage.
        while end < len(source.lines) and total < least_bytes:
            total += n_bytes(source.lines[end])
            end += 1
        return list(source.lines[start:end])

    def _windows(self, n_windows: int, rng: np.random.Generator) -> list[str]:
        """Return up to `n_windows` neighbouring windows of one passage, cut as the corrector cuts."""
        greatest = self.config.greatest_window_bytes
        text = self._passage(greatest * n_windows, rng)
        windows: list[str] = []
        place = int(rng.integers(max(1, min(len(text) // 2, greatest))))
        if rng.random() < 0.8:
            place = _next_word(text, place)
        while place < len(text) and len(windows) < n_windows:
            budget = int(rng.integers(self.config.least_window_bytes, greatest + 1))
            end = _window_end(text, place, budget)
            window = text[place:end]
            if window.strip():
                windows.append(window)
            place = end if text[end : end + 1].isspace() is False else end + 1
        return windows

    def _read_windows(self, read: ReadDocuments, rng: np.random.Generator) -> list[Example]:
        """Return neighbouring windows of one document as an engine read them."""
        config = self.config
        found = read.windows(config.windows_per_document, config.least_window_bytes, config.greatest_window_bytes, rng)
        return [Example(printed, as_read) for printed, as_read in found]

    def _corrupt(self, text: str, channel: ChannelModel, rng: np.random.Generator) -> Example:
        limit = MAX_GROWTH * n_bytes(text) + 8
        for _ in range(3):
            noisy = channel.sample(text, rng)
            if n_bytes(noisy) <= limit:
                return Example(text, noisy)
        return Example(text, text)


def _next_word(text: str, place: int) -> int:
    while place < len(text) and not text[place].isspace():
        place += 1
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _window_end(text: str, start: int, budget_bytes: int) -> int:
    """Return the last word end within `budget_bytes` from `start`; at least one word, or the budget itself."""
    # A character has at least one byte, so that the budget in characters is more than enough to cut from.
    within = text[start : start + budget_bytes].encode("utf-8")[:budget_bytes].decode("utf-8", errors="ignore")
    end = start + len(within)
    if end == len(text) or text[end].isspace():
        return end
    last_break = max(text.rfind(" ", start + 1, end), text.rfind("\n", start + 1, end))
    return last_break if last_break > start else end


class Pools(Dataset[list[Batch]]):
    """Pool number -> its batches. The curriculum is given as pools, so that a pool's number decides its kind."""

    def __init__(
        self,
        sampler: ExampleSampler,
        seed: int,
        curriculum: Sequence[CurriculumStage],
        changed_byte_weight: float,
        first_pool: int = 0,
        n_pools: int = 10**9,
    ) -> None:
        """Prepare nothing yet.

        Args:
            sampler: draws the examples.
            seed: of the run; pool i's generator is seeded with (seed, i).
            curriculum: the stages before whole windows, in their order.
            changed_byte_weight: as in `RunConfig`.
            first_pool: number of the pool that index 0 stands for.
            n_pools: how many pools the data set pretends to have.
        """
        self.sampler = sampler
        self.seed = seed
        self.curriculum = list(curriculum)
        self.changed_byte_weight = changed_byte_weight
        self.first_pool = first_pool
        self.n_pools = n_pools

    def __len__(self) -> int:
        return self.n_pools

    def __getitem__(self, index: int) -> list[Batch]:
        pool = self.first_pool + index
        rng = np.random.default_rng([self.seed, pool])
        examples = self.examples(pool, rng)
        stage = self._stage(pool)
        batch_bytes = stage.batch_bytes if stage else self.sampler.config.batch_bytes
        return make_batches(examples, batch_bytes, rng, self.changed_byte_weight)

    def examples(self, pool: int, rng: np.random.Generator) -> list[Example]:
        """Return the examples of pool number `pool`; short ones are drawn in greater number."""
        n_examples = self.sampler.config.pool_examples
        stage = self._stage(pool)
        if stage is None:
            return self.sampler.documents(n_examples, rng)
        if stage.kind == "random_letters":
            return self.sampler.random_letters(n_examples * 4, stage.least, stage.greatest, rng)
        return self.sampler.words(n_examples * 4, stage.least, stage.greatest, rng)

    def _stage(self, pool: int) -> CurriculumStage | None:
        """Return the stage that pool number `pool` belongs to, None behind the last one."""
        for stage in self.curriculum:
            pool -= stage.n_pools
            if pool < 0:
                return stage
        return None


def make_batches(
    examples: Sequence[Example], batch_bytes: int, rng: np.random.Generator, changed_byte_weight: float = 1.0
) -> list[Batch]:
    """Return `examples` as padded batches of at most `batch_bytes` input ids each, in random order.

    Besides `collate`'s tensors a batch has `weights` of shape `(batch, longest label)` when
    `changed_byte_weight` is not 1.

    Args:
        examples: in any order.
        batch_bytes: of the longer side, padding included; an example that has more is a batch of its own.
        rng: decides the order.
        changed_byte_weight: what a byte counts that the channel changed; the others count 1.
    """
    encoded = [(encode(e.hypothesis), encode(e.reference), e) for e in examples]
    encoded.sort(key=lambda item: (max(len(item[0]), len(item[1])), item[2].reference))
    groups: list[list[tuple[list[int], list[int], Example]]] = [[]]
    longest = 0
    for item in encoded:
        longest = max(longest, len(item[0]), len(item[1]))
        if groups[-1] and longest * (len(groups[-1]) + 1) > batch_bytes:
            groups.append([])
            longest = max(len(item[0]), len(item[1]))
        groups[-1].append(item)
    order = rng.permutation(len(groups))
    return [_collate_group(groups[int(index)], changed_byte_weight) for index in order]


def _collate_group(group: list[tuple[list[int], list[int], Example]], changed_byte_weight: float) -> Batch:
    batch = collate([(source, target) for source, target, _ in group])
    if changed_byte_weight != 1.0:
        weights = torch.ones(batch["labels"].shape)
        for row, (_, _, example) in enumerate(group):
            for start, end in _changed_bytes(example):
                weights[row, start:end] = changed_byte_weight
        batch["weights"] = weights
    return batch


def _changed_bytes(example: Example) -> Iterator[tuple[int, int]]:
    """Yield the byte ranges of the reference that the channel changed; a loss behind them counts as one byte."""
    place = 0
    for operation in align(reference=example.reference, hypothesis=example.hypothesis):
        length = n_bytes(operation.reference)
        if operation.kind != "match":
            yield place, place + max(length, 1)
        place += length


def loader(pools: Pools, n_workers: int) -> Iterator[list[Batch]]:
    """Return the pools in their order, prepared by `n_workers` processes (0: in this one)."""
    return iter(
        DataLoader(
            pools,
            batch_size=None,
            num_workers=n_workers,
            prefetch_factor=2 if n_workers else None,
            persistent_workers=n_workers > 0,
        )
    )
