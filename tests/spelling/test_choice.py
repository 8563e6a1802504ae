from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kzocr.boosting.fitting import Growth
from kzocr.boosting.trees import NO_TREES, BoostedTrees
from kzocr.inference.doubts import Alternative, DoubtfulWord, Evidence
from kzocr.language.lexicon import Lexicon
from kzocr.language.misreadings import Misreadings
from kzocr.spelling.choice import FEATURES, SpellingModel, features
from kzocr.spelling.choice_fitting import JudgedWord, fit_spelling
from kzocr.spelling.profile import NO_PROFILE, Profile
from toy_trees import tree_of

LEXICON = Lexicon({"сәлем": 8, "бұ": 3, "не": 5, "әлем": 4}, {("әлем", "сәлем"): 7})
USUAL = Misreadings({("м", "н"): 0.01})
TOY = Growth(n_trees=300, n_leaves=8, least_rows=10, learning_rate=0.1, l2=1.0)
MODEL = SpellingModel(tuple(float(number) for number in range(len(FEATURES))), USUAL, 7, ("set",))


def doubt(gain: float, before: str = "сәлен", after: str = "сәлем", left: str = "") -> DoubtfulWord:
    return DoubtfulWord((Evidence(Alternative(0, len(before), before, after, 1, -9.0, False, left=left), gain),), 0.25)


def named(word: DoubtfulWord, profile: Profile = NO_PROFILE) -> dict[str, float]:
    return dict(zip(FEATURES, features(word, LEXICON, profile, USUAL)[0], strict=True))


def row(gain: float) -> list[float]:
    return features(doubt(gain), LEXICON, NO_PROFILE, USUAL)[0]


def test_features_are_named() -> None:
    found = named(doubt(-3.0, left="әлем"))
    assert (found["model_gain"], found["model_gain_squared"]) == (-3.0, 0.9)
    assert found["unknown_share"] == pytest.approx(math.log(5))
    assert found["document_noise"] == 0.0
    assert found["misreading"] == math.log(0.01)
    assert found["neighbours"] == math.log(8)
    assert found["strangeness"] > found["strangeness_after"] > 0
    assert (found["is_known"], found["known_log_frequency"], found["known_neighbours"]) == (0.0, 0.0, 0.0)
    assert (found["is_split"], found["is_joined"]) == (0.0, 0.0)
    assert named(doubt(0.0, "бұне", "бұ не"))["is_split"] == 1.0
    assert named(doubt(0.0, "не", "бұ"))["known_start"] == 1.0


def test_the_document_counts() -> None:
    profile = Profile.of("сәлем, сәлем! әлен", LEXICON)
    found = named(doubt(-3.0), profile)
    assert found["count_in_document"] == pytest.approx(math.log(3))
    assert found["repetition"] > 0 == named(doubt(-3.0))["repetition"]
    noisy = Profile.of("сәлен әлен бұ " * 50, LEXICON)
    assert named(doubt(-3.0), noisy)["document_noise"] > 2 > found["document_noise"]


def test_a_word_is_made_if_the_document_lacks_it() -> None:
    noisy = Profile.of("сәлен әлен бұ " * 50, LEXICON)
    assert named(doubt(-3.0), noisy)["is_made"] == named(doubt(-3.0), noisy)["made_noise"] == 0.0
    made = named(doubt(-3.0, before="сәлеп"), noisy)
    assert (made["is_made"], made["made_noise"]) == (1.0, made["document_noise"])
    whole = Alternative(0, 7, "сә-\nлен", "сә-\nлем", 1, -9.0, False)
    divided = DoubtfulWord((Evidence(whole, -3.0),), 0.25)
    assert named(divided, Profile.of("сә-\nлен", LEXICON))["is_made"] == 0.0


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
    model = fit_spelling(words, fitted_on=["toy"])
    assert model.n_words == 63
    assert model.fitted_on == ("toy",)
    likely, unlikely = model.probabilities([row(-1.0), row(-9.0)])
    assert likely == pytest.approx(30 / 33, abs=0.08)
    assert unlikely < 0.05
    assert sum(model.probabilities([row(-8.0), row(-9.0)])) < 0.2


def test_harm_counts_where_it_is_known() -> None:
    """None of the alternatives was printed; one half of them brings the text nearer, the other takes it away."""
    rows = [row(-1.0), row(-9.0)]
    plain = fit_spelling([JudgedWord(rows, None)] * 20 + [JudgedWord(rows, 0)] * 20)
    known = fit_spelling([JudgedWord(rows, None, [-2, 3])] * 20 + [JudgedWord(rows, 0, [-4, 1])] * 20)
    better, worse = zip(plain.probabilities(rows), known.probabilities(rows), strict=True)
    assert better[1] > better[0] + 0.1
    assert worse[1] < worse[0]


def test_what_stands_where_is_told() -> None:
    found = named(doubt(0.0, "сәлeн!", "сәлемдер"))
    assert (found["letters_added"], found["letters_lost"]) == (2.0, 0.0)
    assert (found["same_start"], found["same_end"]) == (3.0, 0.0)
    assert (found["odd_signs"], found["is_latin"]) == (2.0, 1.0)
    found = named(doubt(0.0, "кітапханасы", "ктапханасы"))
    assert (found["letters_added"], found["letters_lost"]) == (0.0, 1.0)
    assert (found["same_start"], found["same_end"]) == (1.0, 6.0)
    assert (found["odd_signs"], found["is_latin"]) == (0.0, 0.0)


def drawn(n_words: int, seed: int) -> list[JudgedWord]:
    """Return words with two alternatives; the first was printed if a feature of it is neither low nor high."""
    rng, words = np.random.default_rng(seed), []
    for _ in range(n_words):
        rows = np.zeros((2, len(FEATURES)))
        rows[:, 0] = 1.0
        rows[:, 1] = rng.normal(), 5.0
        is_right = abs(rows[0, 1]) < 0.7
        words.append(JudgedWord(rows.tolist(), 0 if is_right else None, [-1 if is_right else 1, 1]))
    return words


def n_found(model: SpellingModel, words: list[JudgedWord]) -> int:
    """Return of how many words the model says rightly whether the first alternative was printed."""
    return sum((model.probabilities(word.rows)[0] > 0.5) == (word.right == 0) for word in words)


def test_trees_find_what_no_weights_can() -> None:
    words, others = drawn(800, 1), drawn(200, 2)
    linear, model = fit_spelling(words, growth=None), fit_spelling(words, growth=TOY)
    assert linear.trees == NO_TREES
    assert model == fit_spelling(words, growth=TOY)
    assert model.weights == linear.weights
    assert n_found(linear, others) < 140
    assert n_found(model, others) > 180


def test_trees_rank_the_alternatives_of_a_word_together() -> None:
    """Of two alternatives the better one was printed, whatever both of them are: no row tells that by itself."""
    rng, words = np.random.default_rng(3), []
    for _ in range(600):
        rows = np.zeros((2, len(FEATURES)))
        rows[:, 1] = rng.uniform(-8, 8) + np.array([1.0, -1.0])
        words.append(JudgedWord(rows.tolist(), 0, [-1, 0]))
    model = fit_spelling(words, growth=TOY)
    first, second = model.probabilities(
        [[0.0, 4.0, *[0.0] * (len(FEATURES) - 2)], [0.0, 2.0, *[0.0] * (len(FEATURES) - 2)]]
    )
    assert first > 5 * second


def test_no_words_no_model() -> None:
    with pytest.raises(ValueError, match="no word with alternatives"):
        fit_spelling([])


def test_file_round_trip(tmp_path: Path) -> None:
    for trees in (NO_TREES, BoostedTrees(0.0, (tree_of(1, 0.5, -1.0, 1.0), tree_of(0, 2.0, 0.1, 0.3)))):
        model = replace(MODEL, trees=trees)
        model.write(tmp_path / "spelling.json")
        assert SpellingModel.read(tmp_path / "spelling.json") == model


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "not JSON"),
        ("[]", "expected a JSON object"),
        (json.dumps({"weights": dict.fromkeys(FEATURES[1:], 0.0)}), "'weights' must hold exactly"),
        (json.dumps({"weights": {**dict.fromkeys(FEATURES, 0.0), "bias": "1"}}), "'weights.bias' is no number"),
        (json.dumps({"weights": dict.fromkeys(FEATURES, 0.0)}), "'misreadings' must hold"),
        (json.dumps({"weights": dict.fromkeys(FEATURES, 0.0), "misreadings": [["а"]]}), "'misreadings' must hold"),
        (json.dumps({"weights": dict.fromkeys(FEATURES, 0.0), "misreadings": []}), "'trees' must be a list"),
        (
            json.dumps({"weights": dict.fromkeys(FEATURES, 0.0), "misreadings": [], "trees": [{"leaf": []}]}),
            "'trees', tree 0: a tree has the lists",
        ),
        (
            json.dumps(
                {
                    "weights": dict.fromkeys(FEATURES, 0.0),
                    "misreadings": [],
                    "trees": [tree_of(len(FEATURES), 0.5, -1.0, 1.0).to_dict()],
                }
            ),
            f"asks about feature {len(FEATURES)}",
        ),
    ],
)
def test_broken_files_are_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "spelling.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        SpellingModel.read(path)
    assert str(path) in str(caught.value)
