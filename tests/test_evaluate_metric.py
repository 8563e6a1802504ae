import ast
import os
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import jiwer
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kzocr.evaluate_metric import make_compute_metrics, scores
from places import ROOT

FOLDER = ROOT / "metric" / "kzocr_cer"
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


def test_the_folder_is_a_space_of_the_hub() -> None:
    """The front matter is what Spaces read; what the files import is named in requirements.txt, Gradio by the SDK."""
    _, front, text = (FOLDER / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    card = yaml.safe_load(front)
    assert (card["sdk"], card["title"]) == ("gradio", "kzocr CER")
    assert {"evaluate", "metric"} <= set(card["tags"])
    assert (FOLDER / card["app_file"]).is_file()
    assert text.strip().startswith("# kzocr CER")
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert f"\ngradio=={card['sdk_version']}\n" in pinned
    required = {*(FOLDER / "requirements.txt").read_text(encoding="utf-8").split(), "gradio"}
    imported = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    assert imported - sys.stdlib_module_names == required


def test_the_page_computes_what_the_metric_does() -> None:
    gradio = pytest.importorskip("gradio", reason='needs Gradio: pip install "kzocr[demo]"')
    space = runpy.run_path(str(FOLDER / "app.py"))
    page = space["page"]()
    example = [field.value for field in page.input_components]
    assert page.fn(*example) == scores(references=["сәлем", "Он бала келді."], predictions=["салем", "Он бала кедді."])
    assert page.fn("сәлем\nжыл", "салем\nжыл")["cer"] == 1 / 8
    with pytest.raises(gradio.Error, match="2 references but 1 hypotheses"):
        page.fn("а\nб", "а")


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
