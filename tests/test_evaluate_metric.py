import os
from pathlib import Path
from types import SimpleNamespace

import jiwer
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.evaluate_metric import make_compute_metrics, scores

FOLDER = Path(__file__).parents[1] / "metric" / "kzocr_cer"
TEXT = st.text(alphabet="аәбвқң ,.1Ab", max_size=15).map(lambda text: f"ж{text.strip()}")


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
def test_cer_and_wer_are_those_of_jiwer(pairs: list[tuple[str, str]]) -> None:
    references, predictions = [list(side) for side in zip(*pairs, strict=True)]
    found = scores(references=references, predictions=predictions)
    assert found["cer"] == pytest.approx(jiwer.cer(references, predictions))
    assert found["wer"] == pytest.approx(jiwer.wer(references, predictions))


def test_rates_that_differ() -> None:
    found = scores(references=["Таң атты."], predictions=["таң  атты"])
    assert found == {"cer": 3 / 9, "cer_folded": 2 / 9, "wer": 2 / 2, "cer_normalised": 0, "wer_normalised": 0}


def test_the_evaluate_library_loads_it_from_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluate = pytest.importorskip("evaluate")
    monkeypatch.setitem(os.environ, "HF_HUB_OFFLINE", "1")
    metric = evaluate.load(str(FOLDER), cache_dir=str(tmp_path))
    metric.add_batch(references=["сәлем", "жыл"], predictions=["салем", "жыл"])
    assert metric.compute()["cer"] == 1 / 8
    assert metric.compute(references=["а"], predictions=["б"])["wer"] == 1


class Letters:
    """A tokenizer of one letter an id; 0 is padding and 1 the end."""

    pad_token_id = 0

    def batch_decode(self, sequences: np.ndarray, skip_special_tokens: bool = False) -> list[str]:
        assert skip_special_tokens
        return ["".join(chr(number) for number in row if number > 1) for row in sequences]


def test_compute_metrics_leaves_out_padding() -> None:
    labels = np.array([[1240, 1241, 1, -100], [1242, 1, -100, -100]])
    predictions = np.array([[1240, 1249, 1], [1242, 1, 0]])
    compute = make_compute_metrics(Letters())
    assert compute((predictions, labels))["cer"] == 1 / 3
    assert compute(((predictions, None), labels))["cer"] == 1 / 3
    with pytest.raises(ValueError, match="predict_with_generate"):
        compute((np.zeros((2, 3, 5)), labels))


def test_compute_metrics_in_the_trainers_form() -> None:
    """An `EvalPrediction` is indexed like a pair; a ByT5 tokenizer decodes bytes."""
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.ByT5Tokenizer()
    rows = [tokenizer(text).input_ids for text in ("қар", "қа")]
    width = max(map(len, rows))
    labels = np.array([row + [-100] * (width - len(row)) for row in rows])
    prediction = transformers.EvalPrediction(predictions=np.where(labels == -100, 0, labels), label_ids=labels)
    compute = make_compute_metrics(tokenizer)
    assert compute(prediction)["cer"] == 0
    assert SimpleNamespace(**compute(prediction)).wer == 0
