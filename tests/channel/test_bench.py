import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from kzocr.channel import bench
from kzocr.channel.bench import make_records, write_bench
from kzocr.channel.bench_texts import BenchText
from kzocr.channel.fonts import FontFace, find_fonts
from kzocr.channel.rendering import PageStyle, PrintedLine, draw
from kzocr.cli import app
from places import ROOT

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


@pytest.mark.parametrize("parquet", [True, False])
def test_pages_are_kept_beside_the_data(
    listed: Path, tmp_path: Path, fonts: list[FontFace], scribe: Scribe, parquet: bool
) -> None:
    datasets = pytest.importorskip("datasets")
    texts = BenchText.read_list(listed)
    records = [
        *make_records(texts, fonts, [scribe], pages=1, words=12, levels={"light": 0.1, "heavy": 0.9}, images=True)
    ]
    second = [(split, {**record, "engine": "other"}) for split, record in records]
    broken = [(split, {**record, "document_id": f"{record['document_id']}-b", "cer": 1.0}) for split, record in records]
    folder = tmp_path / "bench"
    write_bench(folder, records + second + broken, texts, command="x", parquet=parquet)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    rows = [row for split in loaded.values() for row in split]
    assert len(rows) == 8
    assert set(rows[0]) == {*bench.FIELDS, "image_path"}
    assert {row["image_path"] for row in rows} == {f"images/{row['document_id']}.png" for row in rows}
    assert sorted(path.name for path in (folder / "images").iterdir()) == sorted(
        f"{name}-{level}-000.png" for name in LINES for level in ("light", "heavy")
    )
    for _, record in records:
        with Image.open(folder / "images" / f"{record['document_id']}.png") as image:
            assert image.tobytes() == record["image"].tobytes()
    assert "`image_path`" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("parquet", [True, False])
def test_what_the_card_says_about_measuring_works(
    listed: Path, tmp_path: Path, fonts: list[FontFace], scribe: Scribe, parquet: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("datasets")
    texts = BenchText.read_list(listed)
    records = [*make_records(texts, fonts, [scribe], pages=1, words=12, levels={"light": 0.1})]
    (printed,) = (" ".join(record["reference"].split()) for split, record in records if split == "test")
    assert printed.replace("- ", "") == LINES["river"]  # a wide face divides a word at a line's end
    write_bench(tmp_path / "bench", records, texts, command="make it", parquet=parquet)
    monkeypatch.chdir(tmp_path / "bench")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    card = Path("README.md").read_text(encoding="utf-8")
    for code in re.findall(r"^```python\n(.*?)^```", card, re.MULTILINE | re.DOTALL):
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    (command,) = re.findall(r"^kzocr (evaluate .*)$", card, re.MULTILINE)
    result = CliRunner().invoke(app, [*shlex.split(command), "-c", "identity", "--resamples", "5"])
    assert result.exit_code == 0, result.output
    (report,) = json.loads(Path("report/report.json").read_text(encoding="utf-8"))
    assert (report["sets"][0]["name"], report["sets"][0]["n_documents"]) == ("test", 1)
    assert report["sets"][0]["after"]["cer"]["value"] == pytest.approx(printed.count("қ") / len(printed))


def test_the_script_takes_any_engine(listed: Path, tmp_path: Path, fonts: list[FontFace]) -> None:
    """Both texts are one short line, so that an engine that prints this line has read every page."""
    line = "Су келді."
    for name in LINES:
        (listed.parent / f"{name}.txt").write_text(f"{line}\n", encoding="utf-8")
    program = tmp_path / "engine.py"
    program.write_text(f"import sys\nassert sys.argv[1].endswith('.png')\nprint({line.replace('і', '1')!r})\n")
    engine = f"cmd:{sys.executable} {program} {{image}}"
    script = ROOT / "scripts" / "make_bench.py"
    command = [sys.executable, str(script), str(listed), "-o", str(tmp_path / "bench"), "--languages", "", "--images"]
    command += ["--pages", "1", "--words", "2", "--no-parquet", "--fonts", str(fonts[0].path)]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [*command, "--engine", f"toy={engine}"], capture_output=True, text=True, check=True, env=environment
    )
    assert (
        done.stdout == "validation: 3 pages read, 27 characters\ntest: 3 pages read, 27 characters\nleft out: 0 pages\n"
    )
    rows = [json.loads(row) for row in (tmp_path / "bench/data/test.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["engine"], row["reference"], row["hypothesis"]) for row in rows] == [("toy", line, "Су келд1.")] * 3
    assert len({*(tmp_path / "bench/images").iterdir()}) == 6
    for wrong, message in (
        ([], "no engine"),
        (["--engine", engine, "--engine", engine], "same name"),
        (["--engine", "cmd:no-such-engine {image}"], "'no-such-engine' is not there"),
        (["--engine", f"cmd:{sys.executable} -c 'raise SystemExit(3)'"], "make_bench: "),
    ):
        command[command.index("-o") + 1] = str(tmp_path / "none")
        failed = subprocess.run([*command, *wrong], capture_output=True, text=True, check=False, env=environment)
        assert failed.returncode != 0
        assert message in failed.stderr


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
