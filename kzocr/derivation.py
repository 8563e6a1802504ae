"""Known words -> words that were not seen but are made as they are: a start that has other endings, and an ending.

Kazakh words take endings behind endings, so that in a text of any length a word in twenty was never seen before. Which
of them are words can be guessed from those that were seen: a start that takes the endings -ды and -ып takes -са too,
since most starts that take the two do. No grammar is written down: every start of a word is taken for a stem, and how
often two endings go with the same starts says the rest (collaborative filtering by items, Sarwar et al. 2001,
https://doi.org/10.1145/371920.372071); vowel harmony and parts of speech come out of that.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping

import numpy as np

LEAST_STEM_CHARS = 3
LONGEST_ENDING = 10

LEAST_CHARS = 5
"""Of a derived word: most shorter strings that could be words are none, and those that are were seen."""

LEAST_ENDINGS = 2
"""Starts with fewer different endings say nothing of others."""

LEAST_STEMS = 20
"""Endings that go with fewer words are left out."""

LEAST_COUNT_OF_STEM = 3
"""Only behind words that were seen so often is an ending counted when the list of endings is made."""

_CHUNK = 4096


def endings(counts: Mapping[str, int]) -> list[str]:
    """Return what stands behind usual words in longer ones, `LEAST_STEMS` times or more, "" included."""
    found: Counter[str] = Counter()
    for word in counts:
        for place in range(max(LEAST_STEM_CHARS - 1, len(word) - LONGEST_ENDING), len(word) + 1):
            if counts.get(word[:place], 0) >= LEAST_COUNT_OF_STEM:
                found[word[place:]] += 1
    return sorted(ending for ending, n_words in found.items() if n_words >= LEAST_STEMS)


def derived_words(counts: Mapping[str, int], n_words: int) -> list[str]:
    """Return words that are not in `counts` but made like those, the likeliest first, `n_words` of them at most.

    Args:
        counts: lower-case words with how often each was seen.
        n_words: how many are wanted.
    """
    number = {ending: place for place, ending in enumerate(endings(counts))}
    seen: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for word, count in counts.items():
        for place in range(max(LEAST_STEM_CHARS, len(word) - LONGEST_ENDING), len(word) + 1):
            ending = number.get(word[place:])
            if ending is not None:
                seen[word[:place]][ending] = count
    stems = sorted(stem for stem, of_stem in seen.items() if len(of_stem) >= LEAST_ENDINGS)
    if not stems:
        return []
    takes = np.zeros((len(stems), len(number)), dtype=np.float32)
    usual = np.zeros(len(stems), dtype=np.float32)
    for row, stem in enumerate(stems):
        takes[row, list(seen[stem])] = 1.0
        usual[row] = math.log1p(sum(math.log1p(count) for count in seen[stem].values()))
    together = takes.T @ takes
    follows = together / np.maximum(np.diag(together)[:, None], 1.0)
    names = list(number)
    best: dict[str, float] = {}
    least = 0.0
    for first in range(0, len(stems), _CHUNK):
        rows = takes[first : first + _CHUNK]
        scores = rows @ follows / rows.sum(axis=1, keepdims=True) * usual[first : first + _CHUNK, None]
        scores[rows > 0] = 0.0
        for row, column in zip(*np.nonzero(scores > least), strict=True):
            word, score = stems[first + row] + names[column], float(scores[row, column])
            if len(word) >= LEAST_CHARS and word not in counts and score > best.get(word, 0.0):
                best[word] = score
        if len(best) > 2 * n_words:
            best = dict(sorted(best.items(), key=lambda item: (-item[1], item[0]))[:n_words])
            least = min(best.values())
    return sorted(best, key=lambda word: (-best[word], word))[:n_words]
