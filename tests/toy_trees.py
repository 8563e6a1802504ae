"""Trees by hand, and calibrations of one or none."""

from __future__ import annotations

from kzocr.boosting.trees import LEAF, BoostedTrees, Tree
from kzocr.confidence.edit_features import FEATURES
from kzocr.confidence.model import Calibration


def tree_of(number: int, threshold: float, low: float, high: float) -> Tree:
    """Return a tree that adds `low` where the feature of a number is at most the threshold, else `high`."""
    return Tree((number, LEAF, LEAF), (threshold, 0.0, 0.0), (1, 0, 0), (2, 0, 0), (0.0, low, high))


def stump(feature: str, threshold: float, low: float, high: float) -> Tree:
    """Return such a tree for a feature of an edit."""
    return tree_of(FEATURES.index(feature), threshold, low, high)


def constant(log_odds: float) -> Calibration:
    """Return a calibration that is equally sure of every edit."""
    return Calibration(BoostedTrees(log_odds))


def by(feature: str, threshold: float, low: float, high: float) -> Calibration:
    """Return a calibration of one stump."""
    return Calibration(BoostedTrees(0.0, (stump(feature, threshold, low, high),)))
