"""Someone's OCR texts -> what is learnt from and what is held out; the words and the clean lines to judge by."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from kzocr.corpus import Source
from kzocr.evaluation import spread
from kzocr.text import KAZAKH_SPECIFIC, LETTERS

LEAST_CHARS = 2_000
"""Fewer characters with a letter show too little of a channel."""

LEAST_DOCUMENTS = 5
"""From so many documents on whole documents are held out, below it passages."""

PASSAGE_CHARS = 600
MAX_CLEAN_LINES = 300
CLEAN_LINE_CHARS = 400
"""Longer paragraphs are no lines to judge by: one change would count as much as in a short one."""

LEAST_CLEAN_LINES = 20
"""Of fewer lines no tenth can be set apart that says anything."""

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


class AdaptationError(ValueError):
    """Texts or settings that cannot be adapted to; the message says why."""


@dataclass(frozen=True)
class Documents:
    """The texts that a model is adapted to, by name, in two parts.

    Attributes:
        learnt: what the channel is estimated from.
        held_out: what no step of the adaptation sees.
        by_passage: whether passages were held out, since there were too few documents.
    """

    learnt: Mapping[str, str]
    held_out: Mapping[str, str]
    by_passage: bool

    @classmethod
    def split(cls, texts: Mapping[str, str], share: float, seed: int) -> Documents:
        """Return `texts` in two parts; which one a document falls into depends on its name and `seed` alone.

        Args:
            texts: name -> what an engine read.
            share: of the documents that is held out, strictly between 0 and 1; of fewer than five documents
                passages of about 600 characters are held out instead.
            seed: another one gives another split.

        Raises:
            AdaptationError: there is too little text, or `share` is out of its range.
        """
        if not 0 < share < 1:
            raise AdaptationError(f"the share held out must lie between 0 and 1, not {share}")
        texts = {name: text for name, text in texts.items() if not LETTERS.isdisjoint(text)}
        n_chars = sum(len(text) for text in texts.values())
        if n_chars < LEAST_CHARS:
            raise AdaptationError(
                f"{n_chars:,} characters of Kazakh in {len(texts)} documents: at least {LEAST_CHARS:,} are needed"
            )
        by_passage = len(texts) < LEAST_DOCUMENTS
        if by_passage:
            texts = {f"{name}#{i}": part for name, text in texts.items() for i, part in enumerate(_passages(text), 1)}
        ranked = sorted(texts, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode("utf-8", "replace")).digest())
        n_held_out = min(max(1, round(share * len(ranked))), len(ranked) - 1)
        held_out = set(ranked[:n_held_out])
        return cls(
            {name: text for name, text in texts.items() if name not in held_out},
            {name: text for name, text in texts.items() if name in held_out},
            by_passage,
        )


def _passages(text: str) -> list[str]:
    """Return `text` cut behind line ends, or behind words where a line is long, into passages of about equal length."""
    passages = [""]
    for line in text.splitlines(keepends=True):
        pieces = [line] if len(line) <= PASSAGE_CHARS else re.findall(rf"(?s).{{1,{PASSAGE_CHARS}}}(?:\s|$)", line)
        for piece in pieces:
            if len(passages[-1]) + len(piece) > PASSAGE_CHARS and passages[-1].strip():
                passages.append("")
            passages[-1] += piece
    return [passage for passage in passages if passage.strip()]


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case: `words("Ата-ана, 5 үй") == ["ата-ана", "үй"]`."""
    return [word for word in _WORD.findall(text.lower()) if not LETTERS.isdisjoint(word)]


@dataclass(frozen=True)
class CleanText:
    """Printed text: what the model learns language from, and lines that it must leave alone.

    Attributes:
        sources: the text.
        judged: lines that are kept out of training: some of the text's own and the package's.
    """

    sources: Sequence[Source]
    judged: tuple[str, ...]

    @classmethod
    def of(cls, sources: Sequence[Source]) -> CleanText:
        """Return the text with some of its lines set apart, at even distances, and the package's lines with them.

        Raises:
            AdaptationError: the text is too short to set anything apart.
        """
        lines = [line for source in sources for line in source.lines if 20 <= len(line) <= CLEAN_LINE_CHARS]
        if len(lines) < LEAST_CLEAN_LINES:
            raise AdaptationError(
                f"the clean text has {len(lines)} lines of 20 to {CLEAN_LINE_CHARS} characters: "
                f"at least {LEAST_CLEAN_LINES} are needed"
            )
        own = spread(lines, min(MAX_CLEAN_LINES, len(lines) // 10))
        return cls(sources, tuple(dict.fromkeys([*own, *package_lines()])))

    @cached_property
    def vocabulary(self) -> Counter[str]:
        """How often each word stands in the text, in lower case."""
        return Counter(word for source in self.sources for line in source.lines for word in words(line))

    @cached_property
    def kazakh_letter_share(self) -> float:
        """Which share of the text's letters are among the nine that Russian lacks."""
        return kazakh_letter_share(line for source in self.sources for line in source.lines)


def package_lines() -> list[str]:
    """Return the sentences that come with the package, written for it: no change of them is right."""
    text = files("kzocr.adaptation").joinpath("sentences.txt").read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line]


def kazakh_letter_share(texts: Iterable[str]) -> float:
    """Return which share of the letters of `texts` are among the nine that Russian lacks; 0 without letters."""
    n_letters = n_kazakh = 0
    for text in texts:
        n_letters += sum(sign in LETTERS for sign in text)
        n_kazakh += sum(sign in KAZAKH_SPECIFIC for sign in text)
    return n_kazakh / n_letters if n_letters else 0.0
