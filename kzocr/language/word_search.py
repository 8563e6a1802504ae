"""Known words that a misread one may have been, by what engines take for what: «эюмшойк» may be әкімшілік.

Letters compared one by one are too many edits apart there. So the known words are a trie, and a beam walks it along
what was read, taking letters and stretches for what they are often misread from (`kzocr.language.misreadings`).
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import LONGEST, Misreadings
from kzocr.language.remembered import Remembered
from kzocr.text import LOWER

BEAM = 80
"""Starts of known words that are kept at each letter of what was read."""

N_FOUND = 12
"""Words that are returned, at most."""

_LEAST_SHARE, _LEAST_SHARE_OF_NOTHING = 3e-4, 1e-3
"""Misreadings that are rarer are not looked at; the latter for letters that come out of nothing or vanish."""

_LONGEST_WORD = 30
_REMEMBERED = 1 << 14
_FREQUENCY_WEIGHT = 0.5

_SIGN_COST = 5.0
"""Nats for a sign that stands for any letter, or for none."""

_GREATEST_COST, _GREATEST_COST_OF_LETTER = 3.0, 2.5
"""A way to read a word may cost so many nats, and so many more for each of its letters."""

_KAZAKH = frozenset(LOWER)
_ROOT = 0


class Trie:
    """Words letter by letter; a node is a number, and the first one is the root.

    The nodes are numbered level by level, children of one node in a row, so that a letter is found among the letters
    of a stretch of nodes.

    Args:
        words: none of them empty.
    """

    def __init__(self, words: Iterable[str]) -> None:
        ordered = sorted(set(words))
        codes = {letter: code for code, letter in enumerate(sorted(set("".join(ordered))), start=1)}
        longest = max(map(len, ordered), default=0)
        table = np.zeros((len(ordered), longest + 1), dtype=np.uint8)
        for row, word in enumerate(ordered):
            table[row, : len(word)] = [codes[letter] for letter in word]
        labels, first_child = [np.zeros(1, dtype=np.uint8)], []
        self.words: dict[int, str] = {}
        node_of_row = np.zeros(len(ordered), dtype=np.int64)
        is_new = np.zeros(len(ordered), dtype=bool)
        is_new[:1] = True
        n_nodes, n_parents = 1, 1
        rows = np.arange(len(ordered))
        for depth in range(longest):
            # A row is a word longer than `depth`; its node so far is one of the `n_parents` nodes of the level above.
            column = table[rows, depth]
            is_new = is_new | np.concatenate([[True], column[1:] != column[:-1]])[: len(rows)]
            parents = node_of_row[rows]
            node_of_row[rows] = n_nodes + np.cumsum(is_new) - 1
            children = np.bincount(parents[is_new] - (n_nodes - n_parents), minlength=n_parents)
            first_child.append(n_nodes + np.concatenate([[0], np.cumsum(children)[:-1]]))
            labels.append(column[is_new])
            n_parents = int(is_new.sum())
            n_nodes += n_parents
            ends = table[rows, depth + 1] == 0
            self.words.update((int(node_of_row[row]), ordered[row]) for row in rows[ends])
            rows, is_new = rows[~ends], is_new[~ends]
            # A row begins a new node if its parent is not that of the row before it, now that some have ended.
            is_new = np.concatenate([[True], node_of_row[rows][1:] != node_of_row[rows][:-1]])[: len(rows)]
        first_child.append(np.full(n_parents + 1, n_nodes))
        self.labels = np.concatenate(labels).tobytes()
        self._first_child = np.concatenate(first_child).astype(np.int64).tolist()
        self._codes = codes

    def codes(self, letters: str) -> bytes | None:
        """Return the labels of `letters`, None if the words do not have them all."""
        found = [self._codes.get(letter) for letter in letters]
        return None if None in found else bytes(code for code in found if code is not None)

    def children(self, node: int) -> range:
        """Return the nodes one letter behind a node; `labels` has their letters."""
        return range(self._first_child[node], self._first_child[node + 1])

    def walk(self, node: int, codes: bytes) -> int:
        """Return the node behind all of `codes`, -1 if there is none."""
        for code in codes:
            node = self.labels.find(code, self._first_child[node], self._first_child[node + 1])
            if node < 0:
                break
        return node


class _Printed:
    """What may have been printed where one stretch was read, by the first letter's label in a trie.

    Args:
        trie: the words.
        choices: strings with what each costs.
    """

    def __init__(self, trie: Trie, choices: Iterable[tuple[str, float]]) -> None:
        self._trie = trie
        self._nothing = math.inf
        self._letter: dict[int, float] = {}
        self._longer: dict[int, list[tuple[bytes, float]]] = {}
        for printed, cost in choices:
            codes = trie.codes(printed)
            if codes == b"":
                self._nothing = cost
            elif codes is not None and len(codes) == 1:
                self._letter[codes[0]] = cost
            elif codes is not None:
                self._longer.setdefault(codes[0], []).append((codes[1:], cost))

    def advance(self, node: int, cost: float, there: dict[int, float]) -> None:
        """Put the nodes behind `node` into `there` with their costs, where these are less than what is there."""
        trie, letter, longer = self._trie, self._letter, self._longer
        if cost + self._nothing < there.get(node, math.inf):
            there[node] = cost + self._nothing
        labels = trie.labels
        for child in trie.children(node):
            more = letter.get(labels[child])
            if more is not None and cost + more < there.get(child, math.inf):
                there[child] = cost + more
            for codes, more in longer.get(labels[child], ()):
                behind = trie.walk(child, codes)
                if behind >= 0 and cost + more < there.get(behind, math.inf):
                    there[behind] = cost + more


class WordSearch:
    """Finds the known words that a string was likely misread from.

    Args:
        lexicon: the known words.
        usual: what engines take for what; nothing is found without.
        beam: starts of words kept at each letter.
    """

    def __init__(self, lexicon: Lexicon, usual: Misreadings, beam: int = BEAM) -> None:
        self.lexicon = lexicon
        self.usual = usual
        self.beam = beam
        self._found = Remembered(self._search, _REMEMBERED)
        self._printed: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
        for (printed, read), share in usual.shares.items():
            least = _LEAST_SHARE if printed and read else _LEAST_SHARE_OF_NOTHING
            if share >= least and _KAZAKH.issuperset(printed):
                self._printed[read].append((printed, -math.log(share)))

    def found(self, read: str) -> tuple[str, ...]:
        """Return known words that `read` (lower case) may have been, likely ones first; `read` itself is left out."""
        if not self._printed or not 0 < len(read) <= _LONGEST_WORD:
            return ()
        return self._found[read]

    def _search(self, read: str) -> tuple[str, ...]:
        trie = self._trie
        greatest = _GREATEST_COST + _GREATEST_COST_OF_LETTER * len(read)
        waiting: list[dict[int, float]] = [{} for _ in range(len(read) + 1)]
        waiting[0][_ROOT] = 0.0
        for place in range(len(read) + 1):
            here = waiting[place]
            self._add_from_nothing(here)
            if place == len(read):
                break
            kept = self._best(here)
            same = trie.codes(read[place])
            steps = [
                (waiting[place + length], self._choices[read[place : place + length]])
                for length in range(1, min(LONGEST, len(read) - place) + 1)
                if read[place : place + length] in self._choices
            ]
            is_letter = read[place] in _KAZAKH
            for node, cost in kept:
                if cost > greatest:
                    break
                if not is_letter:
                    for behind in (node, *trie.children(node)):
                        if cost + _SIGN_COST < waiting[place + 1].get(behind, math.inf):
                            waiting[place + 1][behind] = cost + _SIGN_COST
                behind = trie.walk(node, same) if same is not None else -1
                if behind >= 0 and cost < waiting[place + 1].get(behind, math.inf):
                    waiting[place + 1][behind] = cost
                for there, choices in steps:
                    choices.advance(node, cost, there)
            waiting[place] = {}
        ends = [
            (cost - _FREQUENCY_WEIGHT * self.lexicon.log_frequency(trie.words[node]), trie.words[node])
            for node, cost in waiting[-1].items()
            if node in trie.words and cost <= greatest
        ]
        return tuple(word for _, word in heapq.nsmallest(N_FOUND + 1, ends) if word != read)[:N_FOUND]

    def _add_from_nothing(self, here: dict[int, float]) -> None:
        """Add the nodes one letter further on, a letter of which nothing was read."""
        if "" in self._choices:
            for node, cost in self._best(here):
                self._choices[""].advance(node, cost, here)

    def _best(self, nodes: Mapping[int, float]) -> list[tuple[int, float]]:
        """Return the nodes that cost least, with their costs."""
        return heapq.nsmallest(self.beam, nodes.items(), key=lambda item: (item[1], item[0]))

    @cached_property
    def _choices(self) -> dict[str, _Printed]:
        return {read: _Printed(self._trie, choices) for read, choices in self._printed.items()}

    @cached_property
    def _trie(self) -> Trie:
        return Trie(self.lexicon.counts)
