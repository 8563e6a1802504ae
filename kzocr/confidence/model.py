"""How likely does an edit help? The model's own probability, weighed with what stands around the edit.

Boosted trees (Friedman 2001) over the features of an edit (`kzocr.confidence.edit_features`), fitted on edits that were
judged (`kzocr.confidence.calibration`): those that bring the text nearer to the print against those that take it away
from there. An edit that does neither, one wrong letter for another, teaches nothing: to make it or not costs the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kzocr.boosting.trees import BoostedTrees, trees_of_records
from kzocr.confidence.edit_features import FEATURES, NO_BACKGROUND, Background, features, is_repair
from kzocr.edits import Edit
from kzocr.json_files import read_json_object, write_json_lists

CALIBRATION_FILE = "calibration.json"
"""Name of the file beside a model's weights."""


@dataclass(frozen=True)
class Calibration:
    """What turns the edits of a stretch of text into probabilities that each helps.

    Attributes:
        trees: give the log odds of that from an edit's features; without them the model's own probabilities stay.
        n_edits: edits that they were fitted on.
        fitted_on: names of the sets that those are from.

    Raises:
        ValueError: a tree asks about a feature that there is not.
    """

    trees: BoostedTrees | None = None
    n_edits: int = 0
    fitted_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.trees is not None:
            self.trees.check_features(len(FEATURES))

    def __call__(self, text: str, edits: Sequence[Edit], background: Background = NO_BACKGROUND) -> list[float]:
        """Return the confidence of each edit, 0 to 1; edits that need no model keep theirs.

        Args:
            text: a window.
            edits: all that the model would change in it, from left to right, with its own probabilities.
            background: of the window.
        """
        if self.trees is None or all(map(is_repair, edits)):
            return [edit.confidence for edit in edits]
        log_odds = self.trees.log_odds(features(text, edits, background))
        return [
            edit.confidence if is_repair(edit) else _sigmoid(value) for edit, value in zip(edits, log_odds, strict=True)
        ]

    def calibrated(self, text: str, edits: Sequence[Edit], background: Background = NO_BACKGROUND) -> list[Edit]:
        """Return the edits with their confidences in place of the model's probabilities; arguments as for a call."""
        confidences = self(text, edits, background)
        return [replace(edit, confidence=value) for edit, value in zip(edits, confidences, strict=True)]

    def write(self, path: Path) -> None:
        """Write it as JSON, a tree a line."""
        fields = {
            "n_edits": self.n_edits,
            "fitted_on": list(self.fitted_on),
            "features": list(FEATURES),
            "base": None if self.trees is None else self.trees.base,
        }
        trees = [] if self.trees is None else [tree.to_dict() for tree in self.trees.trees]
        write_json_lists(path, fields, {"trees": trees})

    @classmethod
    def read(cls, path: Path) -> Calibration:
        """Return the calibration in a file.

        Raises:
            ValueError: it is no such file, or of other features than this version's; the message names it and the
                field.
            OSError: it cannot be read.
        """
        record = read_json_object(path)
        kinds: dict[str, tuple[type, ...]] = {
            "n_edits": (int,),
            "fitted_on": (list,),
            "features": (list,),
            "base": (int, float, type(None)),
            "trees": (list,),
        }
        for name in {**kinds, **record}:
            if name not in kinds or not isinstance(record.get(name), kinds[name]):
                raise ValueError(f"{path}: field {name!r} is unknown, missing or of the wrong type")
        if record["features"] != list(FEATURES):
            raise ValueError(f"{path}: field 'features': this version weighs edits by {', '.join(FEATURES)}")
        if record["base"] is None:
            return cls(None, record["n_edits"], tuple(map(str, record["fitted_on"])))
        trees = trees_of_records(record["trees"], path)
        try:
            found = BoostedTrees(float(record["base"]), trees)
            return cls(found, record["n_edits"], tuple(map(str, record["fitted_on"])))
        except ValueError as error:
            raise ValueError(f"{path}: field 'trees': {error}") from error


IDENTITY = Calibration()
"""Confidences are the model's own probabilities."""


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
