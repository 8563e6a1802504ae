"""How often the same change is proposed elsewhere in a document, or any: what happened to many is believed of one.

The errors of a document are systematic: an engine that has no ұ prints у for each of them, a text layer with spaces
behind every ш has dozens of them. A change that a model proposes again and again is thus likelier right than one that
it proposes once. No truth is needed, and the words need not be known (`kzocr.spelling.profile` looks at known words,
before any model was asked).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from kzocr.edits import Edit

LONE_CHARS = 1500
"""An edit stands alone in a document that is expected to be changed elsewhere less often than once in so many."""

_SPACE = re.compile(r"\s+")
_USUAL_SHARE = 0.002
_SLACK = (0.2, 1000)

Kind = tuple[str, str]
"""What a change replaces and by what, in lower case, white space as one space: a lost space is (" ", "")."""


@dataclass(frozen=True)
class Recurrence:
    """What is proposed in one document.

    Attributes:
        expected: kind of change -> how many changes of that kind are expected to be right: the sum of their
            confidences.
        n_chars: characters of the document, white space between two others counted once: blank lines and the gaps of a
            layout have no errors, and say nothing of how many there are.
    """

    expected: Mapping[Kind, float] = field(default_factory=dict)
    n_chars: int = 0

    @classmethod
    def of(cls, edits: Iterable[Edit], text: str) -> Recurrence:
        """Return the recurrence of a document's edits.

        Args:
            edits: all that a model proposes for it, with its own probabilities.
            text: the document.
        """
        expected: defaultdict[Kind, float] = defaultdict(float)
        for edit in edits:
            expected[_kind(edit)] += edit.confidence
        return cls(dict(expected), len(_SPACE.sub(" ", text)))

    @cached_property
    def _total(self) -> float:
        return sum(self.expected.values())

    def elsewhere(self, edit: Edit) -> float:
        """Return the logarithm of one more than the changes of this kind that are expected elsewhere, 0 for none.

        Args:
            edit: one of the edits that the recurrence was made of, with the same confidence.
        """
        return math.log1p(max(self.expected.get(_kind(edit), 0.0) - edit.confidence, 0.0))

    def share_of_others(self, edit: Edit) -> float:
        """Return the logarithm of how often the document is expected to be changed elsewhere, against once in 500.

        A short text says little: it counts as if it had a thousand characters more with a fifth of a change in them.

        Args:
            edit: one of the edits that the recurrence was made of, with the same confidence.
        """
        return math.log(self._share_of_others(edit.confidence) / _USUAL_SHARE)

    def are_lone(self, edits: Iterable[Edit]) -> bool:
        """Return whether the document is expected to be changed elsewhere less often than once in `LONE_CHARS`.

        A short text counts as for `share_of_others`.

        Args:
            edits: those of one word, of the edits that the recurrence was made of, with the same confidences: that a
                word is changed in two places says nothing of the document.
        """
        return self._share_of_others(sum(edit.confidence for edit in edits)) < 1 / LONE_CHARS

    def _share_of_others(self, own: float) -> float:
        n_changes, n_chars = _SLACK
        return (max(self._total - own, 0.0) + n_changes) / (self.n_chars + n_chars)


NO_RECURRENCE = Recurrence()
"""Of a document of which nothing is known."""


def _kind(edit: Edit) -> Kind:
    return _SPACE.sub(" ", edit.before.lower()), _SPACE.sub(" ", edit.after.lower())
