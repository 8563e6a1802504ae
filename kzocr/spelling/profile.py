"""What a document's words say of how it was read: how noisy it is, and which letters were taken for which.

The errors of a document are systematic: a scan on which н looks like м has мегізгі and қамдай on the same page. So
every unknown word tells by its known neighbours what may have happened to it, and what happens to many words is
believed of the next one. No model is asked and no truth is needed (unsupervised profiling: Reffle and Ringlstetter
2013).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import Misreading, misreadings
from kzocr.language.russian import russian_passages
from kzocr.spelling.alternatives import Word, is_whole_word, words_of
from kzocr.text import LETTERS

PROFILED_WORDS = 2000
"""So many different unknown words are looked up, the frequent ones first: enough for a book."""

_LEAST_CHARS = 4
"""Of a word that tells what was misread in it, chosen by hand: in a shorter one anything may have happened."""

_NEIGHBOURS = 12
"""Known words one edit away that are weighed, the likeliest first, chosen by hand."""

_FLATTENING = 0.6
"""Power of the counts that these are weighed by, chosen by hand: usual words count for more, but not in proportion."""

_WEIGHT_OF_OTHERS = 3.0
"""What speaks for the word as it stands, in the same measure, chosen by hand: a word seen six times weighs as much."""

_USUAL_MISREAD, _USUAL_WORDS = 1, 25
"""The share of misread words that little text is drawn towards, and the words that this is worth, chosen by hand."""


@dataclass(frozen=True)
class Profile:
    """What is known of a document before a model has seen it.

    Attributes:
        n_words: how many words it has, of three letters or more or of one.
        n_misread: how many of them look misread, the unknown ones that were not looked up in proportion.
        looks_misread: those that do, in lower case: unknown ones with a known word one edit away or with a sign that is
            no letter, and single letters.
        counts: lower-case word -> how often it stands there.
        misread: how often each misreading is expected to have happened.
        misread_in: (unknown word, misreading) -> what that word, all its occurrences, adds to `misread`.
    """

    n_words: int = 0
    n_misread: float = 0.0
    looks_misread: frozenset[str] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)
    misread: Mapping[Misreading, float] = field(default_factory=dict)
    misread_in: Mapping[tuple[str, Misreading], float] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, lexicon: Lexicon) -> Profile:
        """Return the profile of a text: about a second for a thousand different unknown words, and two at most.

        Args:
            text: the document as it was read; its Russian passages say nothing of how Kazakh was read.
            lexicon: the known words.
        """
        words = list(_kazakh_words(text))
        whole = [word.text.lower() for word in words if is_whole_word(word)]
        unknown = Counter(word for word in whole if word not in lexicon)
        misread: Counter[Misreading] = Counter()
        misread_in: Counter[tuple[str, Misreading]] = Counter()
        looks_misread: set[str] = set()
        n_seen = n_misread = 0
        for word, count in unknown.most_common(PROFILED_WORDS):
            near = [known for known, _ in lexicon.near(word, 1)[:_NEIGHBOURS]]
            n_seen += count
            if near or not LETTERS.issuperset(word):
                looks_misread.add(word)
                n_misread += count
            for misreading, expected in _expected(word, near, lexicon).items():
                misread[misreading] += expected * count
                misread_in[word, misreading] += expected * count
        single = [word.text.lower() for word in words if _is_single(word)]
        return cls(
            n_words=len(whole) + len(single),
            n_misread=n_misread * unknown.total() / max(n_seen, 1) + len(single),
            looks_misread=frozenset(looks_misread.union(single)),
            counts=Counter(word.text.lower() for word in words),
            misread=dict(misread),
            misread_in=dict(misread_in),
        )

    def misread_share(self, but: str = "") -> float:
        """Return the share of the document's words that look misread, drawn towards 1 in 25 where it has few.

        One odd word makes no noisy document: whoever asks about a word leaves it out.

        Args:
            but: a stretch of the document whose words do not count.
        """
        left_out = [word.text.lower() for word in words_of(but) if _counts(word)]
        n_misread = self.n_misread - sum(word in self.looks_misread for word in left_out)
        n_words = self.n_words - len(left_out)
        return (max(n_misread, 0.0) + _USUAL_MISREAD) / (max(n_words, 0) + _USUAL_WORDS)

    def noise(self, but: str = "") -> float:
        """Return the logarithm of `misread_share`, against that of a document of which nothing is known."""
        return math.log(self.misread_share(but) * _USUAL_WORDS / _USUAL_MISREAD)

    def repetition(self, *, printed: str, read: str) -> float:
        """Return how usual the misreadings between two words are in the other words of the document, 0 for never.

        It is the mean of log(1 + expected number) over the misreadings.

        Args:
            printed: what may have been printed.
            read: what stands there instead, in any case.
        """
        found = misreadings(printed=printed, read=read)
        word = read.lower()
        elsewhere = (max(self.misread.get(one, 0.0) - self.misread_in.get((word, one), 0.0), 0.0) for one in found)
        return math.fsum(map(math.log1p, elsewhere)) / max(len(found), 1)


NO_PROFILE = Profile()
"""Of a document of which nothing is known."""


def _is_single(word: Word) -> bool:
    return len(word.text) == 1 and word.text.isalpha()


def _counts(word: Word) -> bool:
    return is_whole_word(word) or _is_single(word)


def _kazakh_words(text: str) -> Iterator[Word]:
    """Yield the words of `text` that stand in no Russian passage."""
    passages = russian_passages(text)
    number = 0
    for word in words_of(text):
        while number < len(passages) and passages[number][1] <= word.start:
            number += 1
        if number == len(passages) or word.end <= passages[number][0]:
            yield word


def _expected(word: str, near: Sequence[str], lexicon: Lexicon) -> Counter[Misreading]:
    """Return how likely each misreading is in one unknown word: usual words are likelier, and it may be right.

    Args:
        word: the unknown word; in a short one anything may have happened.
        near: known words one edit away.
        lexicon: the known words.
    """
    if len(word) < _LEAST_CHARS:
        return Counter()
    weights = [lexicon.counts[known] ** _FLATTENING for known in near]
    total = math.fsum(weights) + _WEIGHT_OF_OTHERS
    expected: Counter[Misreading] = Counter()
    for known, weight in zip(near, weights, strict=True):
        for misreading in misreadings(printed=known, read=word):
            expected[misreading] += weight / total
    return expected
