"""Clean text -> a context model: at every word, which of the known words a letter away was it, and which of all?

Two choices are learnt at once (cross-entropy, nats): between the word and the known words that are a letter away from
it, which is what the corrector asks, and between it and all other words of the batch, which keeps odds comparable
from place to place. Words of a batch are there as often as they are frequent, so that what is learnt is how much
likelier a word is than elsewhere; how frequent it is the lexicon knows. Some of the words that are read are misspelt or
other known words, as those around a word in doubt are, and some are seen without the vector of the whole word, as
unknown ones are.
"""

from __future__ import annotations

import random
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from rapidfuzz.distance import Levenshtein
from torch import Tensor
from torch.nn import Module
from torch.optim import Optimizer

from kzocr.language.lexicon import Lexicon
from kzocr.models.checkpoint import newest_checkpoint, read_checkpoint, write_checkpoint
from kzocr.runs.state import changed_keys
from kzocr.spelling.context_model import ContextModel, ContextShape, parts_of
from kzocr.spelling.context_words import tokens
from kzocr.text import LOWER

LEAST_CHARS = 2
"""Shorter words have no neighbours: nearly every one would be one."""


@dataclass(frozen=True)
class ContextTraining:
    """How a context model is trained.

    Attributes:
        shape: of its weights.
        n_epochs: how often the text is read.
        n_rows: stretches of text in a step.
        n_words: words, numbers and signs in a stretch.
        n_near: known words a letter away that a word is told from, the usual ones first.
        near_weight: how much that choice counts beside the one between the words of the batch.
        learning_rate: of AdamW, at the start; it falls in a straight line to 0.
        table_learning_rate: of Adagrad, for the vectors of parts.
        warmup_steps: steps in which the rates rise.
        dropout: share of what is read and remembered that is dropped.
        misspelt_share: of the words that are read.
        confused_share: of the words that are read as a known word a letter away.
        nameless_share: of the words that are seen without the vector of the whole word.
        weight_decay: of AdamW.
        gradient_clip: greatest norm of the gradients of all but the tables.
        seed: of all that is drawn.
    """

    shape: ContextShape = field(default_factory=ContextShape)
    n_epochs: int = 9
    n_rows: int = 24
    n_words: int = 64
    n_near: int = 10
    near_weight: float = 2.0
    learning_rate: float = 2.0e-3
    table_learning_rate: float = 0.05
    warmup_steps: int = 100
    dropout: float = 0.3
    misspelt_share: float = 0.08
    confused_share: float = 0.04
    nameless_share: float = 0.3
    weight_decay: float = 0.01
    gradient_clip: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class ContextLosses:
    """Losses of a step, nats a word.

    Attributes:
        n_steps: steps that were done.
        near: of the choice between known words that are spelt nearly so.
        batch: of the choice between the words of the batch.
    """

    n_steps: int
    near: float
    batch: float


@dataclass(frozen=True)
class Vocabulary:
    """Words by number, as tensors.

    Attributes:
        words: the words; those of the text first.
        parts: `(words, N_PARTS)`.
        near: `(words, n_near)`, numbers of known words a letter away, -1 where there are no more.
    """

    words: Sequence[str]
    parts: Tensor
    near: Tensor

    @classmethod
    def of(cls, keys: Sequence[str], lexicon: Lexicon, shape: ContextShape, n_near: int) -> Vocabulary:
        """Return the vocabulary of a text and a lexicon.

        Args:
            keys: the words of the text, each once.
            lexicon: the known words.
            shape: of the model.
            n_near: known words a letter away that are kept for a word.
        """
        words = list(dict.fromkeys([*keys, *lexicon.counts]))
        number = {word: place for place, word in enumerate(words)}
        by_rest: defaultdict[str, list[str]] = defaultdict(list)
        for known in lexicon.counts:
            for rest in _rests(known):
                by_rest[rest].append(known)
        near = torch.full((len(words), n_near), -1)
        for place, word in enumerate(words):
            if len(word) >= LEAST_CHARS and word.isalpha():
                found = {known for rest in _rests(word) for known in by_rest.get(rest, ())} - {word}
                one_away = [known for known in found if Levenshtein.distance(word, known, score_cutoff=1) == 1]
                one_away.sort(key=lambda known: (-lexicon.counts[known], known))
                for column, known in enumerate(one_away[:n_near]):
                    near[place, column] = number[known]
        return cls(words, parts_of(words, shape.n_rows), near)


def _rests(word: str) -> set[str]:
    """Return the word and what is left of it without any one of its letters: two words a letter apart share one."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


class _Descent:
    """A model's optimisers: Adagrad for its tables, whose gradients are sparse, and AdamW for its other weights."""

    def __init__(self, model: ContextModel, how: ContextTraining) -> None:
        tables = [model.parts.weight, model.biases.weight]
        self._clipped = [weights for weights in model.parameters() if all(weights is not table for table in tables)]
        self._how = how
        self.tables = torch.optim.Adagrad(tables, lr=how.table_learning_rate)
        self.others = torch.optim.AdamW(self._clipped, lr=how.learning_rate, weight_decay=how.weight_decay)

    def step(self, loss: Tensor, rate: float) -> None:
        """Move the weights once.

        Args:
            loss: a number, with its history.
            rate: the share of both learning rates that the schedule leaves, 0 to 1.
        """
        how = self._how
        for optimizer, learning_rate in ((self.tables, how.table_learning_rate), (self.others, how.learning_rate)):
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * rate
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._clipped, how.gradient_clip)
        self.others.step()
        with torch.sparse.check_sparse_tensor_invariants(enable=False):  # type: ignore[no-untyped-call]
            self.tables.step()


def train_context(
    lines: Sequence[str],
    lexicon: Lexicon,
    how: ContextTraining = ContextTraining(),
    on_step: Callable[[ContextLosses, int], None] = lambda losses, n_steps: None,
    on_epoch: Callable[[ContextModel], None] = lambda model: None,
    folder: Path | None = None,
) -> ContextModel:
    """Return a context model of `lines`, ready to be asked.

    Args:
        lines: text without errors, in order.
        lexicon: the known words.
        how: the recipe.
        on_step: told after every step the losses, and how many steps there will be.
        on_epoch: told after every reading of the text the model as it is.
        folder: where a checkpoint is written after every reading; if there is one already, the run goes on from it
            and comes to what it would have come to without the break.

    Raises:
        ValueError: the text is shorter than a step, or the checkpoint is of another recipe, text or lexicon.
        OSError: the checkpoint cannot be read or written.
    """
    torch.manual_seed(how.seed)
    keys = [token.key for line in lines for token in tokens(line)]
    counts = Counter(keys)
    vocabulary = Vocabulary.of(list(counts), lexicon, how.shape, how.n_near)
    number = {word: place for place, word in enumerate(vocabulary.words)}
    stream = torch.tensor([number[key] for key in keys])
    steps_an_epoch = (len(stream) - how.n_words) // (how.n_words * how.n_rows)
    if steps_an_epoch < 1:
        raise ValueError(f"{len(stream)} words and signs: a step needs {how.n_words * (how.n_rows + 1)} of them")
    n_steps = steps_an_epoch * how.n_epochs
    model = ContextModel(how.shape)
    descent = _Descent(model, how)
    parts: dict[str, Module | Optimizer] = {"model": model, "tables": descent.tables, "others": descent.others}
    identity = {"recipe": asdict(how), "text": _checksum(keys), "lexicon": _checksum(sorted(lexicon.counts))}
    n_read = 0 if folder is None else _resume(folder, parts, identity)
    step = n_read * steps_an_epoch
    for epoch in range(n_read, how.n_epochs):
        # What is drawn in a reading depends on its number alone.
        rng = random.Random(f"{how.seed} {epoch}")
        torch.manual_seed(rng.getrandbits(63))
        misspelt = parts_of([_misspelt(word, rng) for word in counts], how.shape.n_rows)
        first = rng.randrange(how.n_words)
        rows = stream[first : first + len(stream) // how.n_words * how.n_words - how.n_words].view(-1, how.n_words)
        for chosen in torch.randperm(len(rows))[: steps_an_epoch * how.n_rows].view(-1, how.n_rows):
            near, batch = _losses(model, rows[chosen], vocabulary, misspelt, how)
            rate = min(1.0, (step + 1) / how.warmup_steps) * (1 - step / n_steps)
            descent.step(how.near_weight * near + batch, rate)
            step += 1
            on_step(ContextLosses(step, near.item(), batch.item()), n_steps)
        if folder is not None:
            state = {name: part.state_dict() for name, part in parts.items()}
            write_checkpoint(folder, step, state, {**identity, "n_read": epoch + 1}, n_kept=1)
        model.eval()
        on_epoch(model)
        model.train()
    return model.eval()


def _resume(folder: Path, parts: Mapping[str, Module | Optimizer], identity: Mapping[str, Any]) -> int:
    """Give `parts` their state in the newest checkpoint, if there is one, and return how often the text was read.

    Raises:
        ValueError: it is of another run.
    """
    checkpoint = newest_checkpoint(folder)
    if checkpoint is None:
        return 0
    state, progress = read_checkpoint(checkpoint)
    changed = changed_keys({name: progress.get(name) for name in identity}, identity)
    if changed:
        raise ValueError(f"{checkpoint}: of another run, {', '.join(changed)} differ: remove it to begin anew")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(progress["n_read"])


def _checksum(words: Sequence[str]) -> int:
    return zlib.crc32("\n".join(words).encode("utf-8"))


def _losses(
    model: ContextModel,
    rows: Tensor,
    vocabulary: Vocabulary,
    misspelt: Tensor,
    how: ContextTraining,
) -> tuple[Tensor, Tensor]:
    """Return the losses of both choices, between known words a letter away and between the words of the batch.

    Args:
        model: in training.
        rows: numbers of words, `(how.n_rows, how.n_words)`.
        vocabulary: what they are numbers of.
        misspelt: parts of each word of the text, misspelt, `(words of the text, N_PARTS)`.
        how: the recipe.
    """
    printed = rows.flatten()
    near = vocabulary.near[printed]
    parts = vocabulary.parts[_confused(printed, near, how.confused_share)]
    is_misspelt = torch.rand(len(parts)) < how.misspelt_share
    parts = _nameless(torch.where(is_misspelt[:, None], misspelt[printed], parts), how.nameless_share)
    read = F.dropout(model.read(parts), how.dropout).view(*rows.shape, -1)
    nothing = torch.zeros(len(rows), model.shape.state_dim)
    ahead, behind = model.around(read, nothing, nothing)
    asked = model.asked(F.dropout(ahead, how.dropout), F.dropout(behind, how.dropout)).flatten(0, 1)

    choice = torch.cat([printed[:, None], near], dim=1)
    offered_words, place = choice.clamp(min=0).unique(return_inverse=True)  # type: ignore[no-untyped-call]
    offered, biases = model.offered(_nameless(vocabulary.parts[offered_words], how.nameless_share))
    of_batch, target = printed.unique(return_inverse=True)  # type: ignore[no-untyped-call]
    columns = torch.searchsorted(offered_words, of_batch)
    odds = asked @ offered[columns].T + biases[columns]
    in_batch = F.cross_entropy(odds, target)

    has_near = near[:, 0] >= 0
    if not has_near.any():
        return torch.zeros(()), in_batch
    place, missing = place[has_near], F.pad(near[has_near] < 0, (1, 0))
    near_odds = torch.einsum("wcd,wd->wc", offered[place], asked[has_near]) + biases[place]
    nearest = torch.zeros(len(place), dtype=torch.long)
    return F.cross_entropy(near_odds.masked_fill(missing, -torch.inf), nearest), in_batch


def _confused(printed: Tensor, near: Tensor, share: float) -> Tensor:
    """Return the words `(words,)` that are read, a share of which has become one of `near` `(words, n_near)`."""
    column = torch.randint(near.shape[1], (len(printed), 1))
    other = near.gather(1, column)[:, 0]
    is_other = (torch.rand(len(printed)) < share) & (other >= 0)
    return torch.where(is_other, other, printed)


def _nameless(parts: Tensor, share: float) -> Tensor:
    """Return `parts` `(words, N_PARTS)` where a share of the words has lost that of the whole word."""
    keeps = torch.ones_like(parts)
    keeps[:, 0] = (torch.rand(len(parts)) >= share).to(parts.dtype)
    return parts * keeps


def _misspelt(word: str, rng: random.Random) -> str:
    """Return `word` with one letter replaced, lost or added."""
    if not word.isalpha():
        return word
    place = rng.randrange(len(word))
    kind = rng.randrange(3)
    new = "" if kind == 0 and len(word) > 1 else rng.choice(LOWER)
    return word[:place] + new + word[place + (kind < 2) :]
