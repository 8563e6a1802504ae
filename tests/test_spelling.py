from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from kzocr.alternatives import Alternative
from kzocr.spelling import FEATURES, Evidence, JudgedWord, SpellingModel, features, fit_spelling

MODEL = SpellingModel(tuple(float(number) for number in range(len(FEATURES))), 7, ("set",))


def evidence(gain: float, before: str = "сәлен", after: str = "сәлем") -> Evidence:
    return Evidence(Alternative(0, len(before), before, after, 1, -9.0, False), gain, -0.5)


def row(gain: float) -> list[float]:
    return features(evidence(gain), 0.25)


def test_features_are_named() -> None:
    named = dict(zip(FEATURES, features(evidence(-3.0), 0.25), strict=True))
    assert named["model_gain"] == -3.0
    assert named["model_doubt"] == -0.5
    assert named["distance_share"] == 1 / 5
    assert named["unknown_share"] == 0.25
    assert (named["is_known"], named["known_log_frequency"]) == (0.0, 0.0)
    assert (named["is_split"], named["is_joined"]) == (0.0, 0.0)
    assert dict(zip(FEATURES, features(evidence(0.0, "бұне", "бұ не"), 0.0), strict=True))["is_split"] == 1.0


def test_leaving_a_word_has_the_utility_zero() -> None:
    weights = [0.0] * len(FEATURES)
    weights[FEATURES.index("model_gain")] = 1.0
    model = SpellingModel(tuple(weights))
    shares = model.probabilities([row(math.log(2)), row(0.0)])
    assert shares == pytest.approx([2 / 4, 1 / 4])
    assert model.probabilities([]) == []


def test_fitting_finds_what_decides() -> None:
    words = [JudgedWord([row(-1.0), row(-9.0)], 0)] * 30 + [JudgedWord([row(-8.0), row(-9.0)], None)] * 30
    words += [JudgedWord([row(-1.0), row(-9.0)], None)] * 3
    model = fit_spelling(words, ["toy"])
    assert model.n_words == 63
    assert model.fitted_on == ("toy",)
    likely, unlikely = model.probabilities([row(-1.0), row(-9.0)])
    assert likely == pytest.approx(30 / 33, abs=0.08)
    assert unlikely < 0.05
    assert sum(model.probabilities([row(-8.0), row(-9.0)])) < 0.2


def test_no_words_no_model() -> None:
    with pytest.raises(ValueError, match="no unknown word"):
        fit_spelling([])


def test_file_round_trip(tmp_path: Path) -> None:
    MODEL.write(tmp_path / "spelling.json")
    assert SpellingModel.read(tmp_path / "spelling.json") == MODEL


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "not JSON"),
        ("[]", "'weights' must hold exactly bias"),
        (json.dumps({"weights": dict.fromkeys(FEATURES[1:], 0.0)}), "'weights' must hold exactly"),
        (json.dumps({"weights": {**dict.fromkeys(FEATURES, 0.0), "bias": "1"}}), "'weights.bias' is no number"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "spelling.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        SpellingModel.read(path)
    assert str(path) in str(caught.value)
