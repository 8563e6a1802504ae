"""How often the same change is proposed elsewhere in a document: what happened to many words is believed of the next.

The errors of a document are systematic: an engine that has no ұ prints у for each of them, a text layer with spaces
behind every ш has dozens of them. A change that a model proposes again and again is thus likelier right than one that
it proposes once. No truth is needed, and the words need not be known (`kzocr.profile` looks at known words, before any
model was asked).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kzocr.edits import Edit

_SPACE = re.compile(r"\s+")

Kind = tuple[str, str]
"""What a change replaces and by what, in lower case, white space as one space: a lost space is (" ", "")."""


@dataclass(frozen=True)
class Recurrence:
    """What is proposed in one document.

    Attributes:
        expected: kind of change -> how many changes of that kind are expected to be right: the sum of their
            confidences.
    """

    expected: Mapping[Kind, float] = field(default_factory=dict)

    @classmethod
    def of(cls, edits: Iterable[Edit]) -> Recurrence:
        """Return the recurrence of a document's edits.

        Args:
            edits: all that a model proposes for it, with its own probabilities.
        """
        expected: defaultdict[Kind, float] = defaultdict(float)
        for edit in edits:
            expected[_kind(edit)] += edit.confidence
        return cls(dict(expected))

    def elsewhere(self, edit: Edit) -> float:
        """Return the logarithm of one more than the changes of this kind that are expected elsewhere, 0 for none.

        Args:
            edit: one of the edits that the recurrence was made of, with the same confidence.
        """
        return math.log1p(max(self.expected.get(_kind(edit), 0.0) - edit.confidence, 0.0))


NO_RECURRENCE = Recurrence()
"""Of a document of which nothing is known."""


def _kind(edit: Edit) -> Kind:
    return _SPACE.sub(" ", edit.before.lower()), _SPACE.sub(" ", edit.after.lower())
