import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from kzocr.channel import bench
from kzocr.channel.bench import BenchText, make_records, write_bench
from kzocr.channel.fonts import FontFace, find_fonts
from kzocr.channel.rendering import PageStyle, PrintedLine, draw

LINES = {
    "river": "Өзен тасып, көпір су астында қалды. Қар еріген соң жол ашылды.",
    "garden": "Бақтағы алма ағашы гүлдеді. Әжем шай қойып, қонақтарды күтті.",
}


class Scribe:
    """An engine that is told what was printed and reads every қ as к."""

    name = "scribe-1"
    lines: Sequence[PrintedLine] = ()

    def read(self, image: Image.Image, dpi: int) -> str:
        assert image.size[0] > 100
        return "\n".join(line.text for line in self.lines).replace("қ", "к")


@pytest.fixture(scope="module")
def fonts() -> list[FontFace]:
    try:
        return find_fonts()[:2]
    except ValueError as error:
        pytest.skip(str(error))


@pytest.fixture
def scribe(monkeypatch: pytest.MonkeyPatch) -> Scribe:
    engine = Scribe()

    def drawn(lines: Sequence[PrintedLine], style: PageStyle) -> Image.Image:
        engine.lines = lines
        return draw(lines, style)

    monkeypatch.setattr(bench, "draw", drawn)
    return engine


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    entries = []
    for number, (name, line) in enumerate(LINES.items()):
        (tmp_path / f"{name}.txt").write_text(line + "\n", encoding="utf-8")
        entry = {"file": f"{name}.txt", "title": name.title(), "licence": "CC0-1.0", "url": "written for this test"}
        entries.append({**entry, "split": ("test", "validation")[number]})
    (tmp_path / "texts.json").write_text(json.dumps(entries), encoding="utf-8")
    return tmp_path / "texts.json"


@pytest.mark.parametrize("parquet", [True, False])
def test_data_set_is_loaded_by_datasets(
    listed: Path, tmp_path: Path, fonts: list[FontFace], scribe: Scribe, parquet: bool
) -> None:
    datasets = pytest.importorskip("datasets")
    texts = BenchText.read_list(listed)
    records = make_records(texts, fonts, [scribe], pages=1, words=12, levels={"light": 0.1, "heavy": 0.9})
    folder = tmp_path / "bench"
    summary = write_bench(folder, records, texts, command="make it", parquet=parquet)
    assert summary.n_pages == {"validation": 2, "test": 2}
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {split: rows.num_rows for split, rows in loaded.items()} == summary.n_pages
    assert set(loaded["test"].column_names) == set(bench.FIELDS)
    for row in loaded["test"]:
        assert row["hypothesis"] == row["reference"].replace("қ", "к")
        assert (row["source"], row["licence"], row["level"] in ("light", "heavy")) == ("River", "CC0-1.0", True)
    words = {split: set(" ".join(rows["reference"]).split()) for split, rows in loaded.items()}
    assert not words["test"] & words["validation"]
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "license: CC0-1.0" in card
    assert "| garden | Garden | CC0-1.0 | written for this test | validation |" in card
    assert "make it" in card
    with pytest.raises(FileExistsError, match=r"README\.md already"):
        write_bench(folder, [], texts, command="")


def test_records_are_repeatable(listed: Path, fonts: list[FontFace], scribe: Scribe) -> None:
    texts = BenchText.read_list(listed)
    first, second = (
        [*make_records(texts, fonts, [scribe], pages=1, words=10, seed=3, levels={"light": 0.2})] for _ in range(2)
    )
    assert first == second
    assert [split for split, _ in first] == ["validation", "test"]


def test_hopeless_pages_are_left_out_and_counted(
    listed: Path, tmp_path: Path, fonts: list[FontFace], scribe: Scribe
) -> None:
    texts = BenchText.read_list(listed)
    records = [*make_records(texts, fonts, [scribe], pages=1, words=10, levels={"light": 0.2})]
    broken = [(split, {**record, "cer": 0.9}) for split, record in records]
    summary = write_bench(tmp_path / "out", records + broken, texts, command="x", parquet=False)
    assert summary.n_left_out == 2
    with pytest.raises(ValueError, match="split 'validation' has no page"):
        write_bench(tmp_path / "none", broken, texts, command="x", parquet=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"licence": " "}, "'licence' must say something"),
        ({"split": "train"}, "expected validation or test"),
        ({"author": "x"}, "'author' is unknown"),
        ({"file": "garden.txt"}, "two texts are named 'garden'"),
    ],
)
def test_lists_that_do_not_say_enough(listed: Path, change: dict[str, str], message: str) -> None:
    entries = json.loads(listed.read_text(encoding="utf-8"))
    entries[0].update(change)
    listed.write_text(json.dumps(entries), encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        BenchText.read_list(listed)
    del entries[1]["url"]
    listed.write_text(json.dumps(entries[1:]), encoding="utf-8")
    with pytest.raises(ValueError, match="entry 1: field 'url' is missing"):
        BenchText.read_list(listed)
