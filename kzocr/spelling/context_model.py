"""Which word fits between others? Log odds of words from the words on both sides, by a small recurrent network.

The byte model reads letters and knows little of what words mean; pairs of words are too rare to be counted in a
language whose words have many endings. Here a word is the sum of vectors of its parts (`kzocr.spelling.context_words`),
so that every string has one, known or not. One gated recurrent network reads the words in front, another those behind,
and what they remember is compared with the vector of each word that may stand between.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import groupby
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from kzocr.spelling.context_words import N_PARTS, PADDING, part_numbers, tokens

_TABLES = ("parts.weight", "biases.weight")
_LEVELS = 127


@dataclass(frozen=True)
class ContextShape:
    """Numbers that the shapes of the weights follow from.

    Attributes:
        n_rows: vectors that the parts of words share.
        part_dim: numbers in one.
        state_dim: numbers that a recurrent network remembers.
    """

    n_rows: int = 1 << 17
    part_dim: int = 128
    state_dim: int = 256


class ContextModel(nn.Module):
    """Says how well words fit between others.

    Args:
        shape: of the weights, which are random.
    """

    def __init__(self, shape: ContextShape = ContextShape()) -> None:
        super().__init__()
        self.shape = shape
        part_dim, state_dim = shape.part_dim, shape.state_dim
        self.parts = nn.EmbeddingBag(shape.n_rows, part_dim, mode="sum", sparse=True, padding_idx=PADDING)
        self.biases = nn.EmbeddingBag(shape.n_rows, 1, mode="sum", sparse=True, padding_idx=PADDING)
        self.norm = nn.LayerNorm(part_dim)
        self.into = nn.Linear(part_dim, state_dim)
        self.forwards = nn.GRU(state_dim, state_dim, batch_first=True)
        self.backwards = nn.GRU(state_dim, state_dim, batch_first=True)
        self.between = nn.Sequential(
            nn.Linear(2 * state_dim, 2 * state_dim), nn.GELU(), nn.Linear(2 * state_dim, part_dim)
        )
        self.out = nn.Linear(part_dim, part_dim, bias=False)
        with torch.no_grad():
            nn.init.normal_(self.parts.weight, std=0.05)
            self.parts.weight[PADDING] = 0
            nn.init.zeros_(self.biases.weight)

    def read(self, parts: Tensor) -> Tensor:
        """Return what the recurrent networks read of words, `(words, state_dim)`, of their parts `(words, N_PARTS)`."""
        read: Tensor = self.into(self.norm(self.parts(parts)))
        return read

    def around(self, read: Tensor, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states in front of each word and behind it, both `(rows, words, state_dim)`.

        Args:
            read: of two words or more, `(rows, words, state_dim)`.
            left: the states in front of the first ones, `(rows, state_dim)`.
            right: those behind the last ones.
        """
        after = self.forwards(read[:, :-1], left[None].contiguous())[0]
        before = self.backwards(read[:, 1:].flip(1), right[None].contiguous())[0].flip(1)
        return torch.cat([left[:, None], after], dim=1), torch.cat([before, right[:, None]], dim=1)

    def asked(self, ahead: Tensor, behind: Tensor) -> Tensor:
        """Return what fits between states `(..., state_dim)` of both networks: `(..., part_dim)`."""
        found: Tensor = self.between(torch.cat([ahead, behind], dim=-1))
        return found

    def offered(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is compared with that of words `(words, N_PARTS)`: `(words, part_dim)`, and biases `(words,)`."""
        return self.out(self.parts(parts)), self.biases(parts)[:, 0]

    @torch.inference_mode()
    def fits(self, text: str, changes: Sequence[tuple[int, int, str]]) -> list[float]:
        """Return for each change how well its words fit into `text`: the sum of their log odds, nats.

        A log odds says how much likelier a word is in its place than elsewhere, but for a constant; words that nothing
        is known of have one too.

        Args:
            text: running text.
            changes: first character of a stretch, one past its last, and the words that may stand there.
        """
        if not changes:
            return []
        found = tokens(text)
        ahead, behind = self._states([token.key for token in found])
        starts, ends = [token.start for token in found], [token.end for token in found]
        places = [
            (
                bisect_right(ends, start),
                len(found) - bisect_left(starts, end),
                [token.key for token in tokens(words)],
            )
            for start, end, words in changes
        ]
        totals = [0.0] * len(changes)
        order = sorted(range(len(changes)), key=lambda number: len(places[number][2]))
        for n_words, numbers in groupby(order, key=lambda number: len(places[number][2])):
            chosen = list(numbers)
            if n_words:
                left = ahead[[places[number][0] for number in chosen]]
                right = behind[[places[number][1] for number in chosen]]
                sums = self._fit([places[number][2] for number in chosen], left, right)
                for number, total in zip(chosen, sums.tolist(), strict=True):
                    totals[number] = total
        return totals

    def _states(self, keys: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the states behind so many words, from none on, and those in front of so many last ones."""
        start = torch.zeros(1, self.shape.state_dim)
        if not keys:
            return start, start
        read = self.read(parts_of(keys, self.shape.n_rows))[None]
        ahead, behind = self.forwards(read)[0][0], self.backwards(read.flip(1))[0][0]
        return torch.cat([start, ahead]), torch.cat([start, behind])

    def _fit(self, words: Sequence[Sequence[str]], left: Tensor, right: Tensor) -> Tensor:
        """Return the summed log odds `(changes,)` of as many words each between states `(changes, state_dim)`."""
        n_words = len(words[0])
        parts = parts_of([word for of_change in words for word in of_change], self.shape.n_rows)
        if n_words == 1:
            ahead, behind = left[:, None], right[:, None]
        else:
            ahead, behind = self.around(self.read(parts).view(len(words), n_words, -1), left, right)
        offered, biases = self.offered(parts)
        odds = (self.asked(ahead, behind).flatten(0, 1) * offered).sum(-1) + biases
        return odds.view(len(words), n_words).sum(-1)

    def write(self, path: Path, facts: Mapping[str, str] | None = None) -> None:
        """Write the weights: vectors of parts as eight-bit integers with a scale a row, the others as float16.

        Args:
            path: of the file.
            facts: what else is to be known of it, beside the shape: how it was trained.
        """
        arrays: dict[str, Tensor] = {}
        for name, weights in self.state_dict().items():
            if name in _TABLES:
                scale = (weights.abs().amax(dim=1) / _LEVELS).clamp(min=1e-8)
                arrays[name] = (weights / scale[:, None]).round().to(torch.int8)
                arrays[f"{name}.scale"] = scale
            else:
                arrays[name] = weights.to(torch.float16)
        shape = {name: str(number) for name, number in asdict(self.shape).items()}
        path.write_bytes(save(arrays, metadata={**(facts or {}), **shape}))

    @classmethod
    def load(cls, path: Path) -> ContextModel:
        """Return the model in a file.

        Raises:
            ValueError: it is no such file; the message names it.
            OSError: it cannot be read.
        """
        try:
            with safe_open(path, framework="pt") as file:
                facts = file.metadata() or {}
                shape = ContextShape(**{each.name: int(facts[each.name]) for each in fields(ContextShape)})
                arrays = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
            for name in _TABLES:
                arrays[name] *= arrays.pop(f"{name}.scale")[:, None]
            with torch.device("meta"):  # no random weights for those that are read
                model = cls(shape)
            model.load_state_dict(arrays, assign=True)
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"{path}: no context model: {error}") from error
        return model.eval()


def parts_of(keys: Sequence[str], n_rows: int) -> Tensor:
    """Return the numbers of the parts of words, `(words, N_PARTS)`, padded with 0.

    Args:
        keys: words, numbers and signs, as `kzocr.spelling.context_words.tokens` names them.
        n_rows: the numbers are below it.
    """
    return torch.tensor([part_numbers(key, n_rows) for key in keys], dtype=torch.long).view(len(keys), N_PARTS)
