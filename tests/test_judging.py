import hashlib
import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fake_hub import TOKEN, connected
from kzocr import __version__
from kzocr.cli import app
from kzocr.formats.layout import LayoutFile
from kzocr.formats.recognise import DIALECTS
from kzocr.hub import check_report
from kzocr.judging import Resources, read_sets
from kzocr.models.companions import COMPANIONS
from kzocr.models.loading import EMBEDDED
from kzocr.pairs import TextPair, write_pairs
from kzocr.runs.hardware import device_name
from kzocr.upload import upload
from places import DATA

PRINTED = "Көл терең.\nҚар еріді."


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    write_pairs(tmp_path / "set.jsonl", [TextPair(PRINTED, PRINTED.replace("ө", "е").replace("р", "p"), "a", "real")])
    return tmp_path / "set.jsonl"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", "--resamples", "20", *map(str, arguments)])


def test_report_and_page_into_a_folder(pairs: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.txt"
    clean.write_text("Жол ұзақ.\n\nКөк аспан.\n", encoding="utf-8")
    program = "cmd:" + shlex.join([sys.executable, "-c", "print('x')"])
    result = run(pairs, "-c", "identity", "-c", "lookalikes", "-c", program, "--clean", clean, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    reports = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [report["corrector"] for report in reports] == ["identity", "lookalikes", program]
    identity, lookalikes, printing = (report["sets"][0] for report in reports)
    assert identity["after"]["cer"]["value"] == 4 / 21
    assert lookalikes["after"]["cer"]["value"] == 1 / 21
    assert lookalikes["hipe_before"]["cmer_micro"] == identity["hipe"]["cmer_micro"]
    assert ["р", 3, 3] in lookalikes["before"]["letters"]
    assert ["р", "p", 3] in lookalikes["before"]["letter_confusions"]
    assert printing["n_documents_with_lost_lines"] == 1
    assert [report["clean"]["n_lines_changed"] for report in reports] == [0, 0, 2]
    assert "терең" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert {report["kzocr_version"] for report in reports} == {__version__}
    assert not any("files" in report or "hardware" in report for report in reports)  # none is a model of kzocr


def test_figures_are_seen_where_the_report_cannot_be_written(pairs: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "report.json").mkdir(parents=True)
    result = run(pairs, "-c", "lookalikes", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "report.json: Is a directory" in result.stderr
    assert "written:" not in result.stderr
    assert f"{100 / 21:.2f}" in result.stdout


def test_single_files_and_no_passages(pairs: Path, tmp_path: Path) -> None:
    report, page = tmp_path / "r.json", tmp_path / "r.html"
    result = run(pairs, "-c", "lookalikes", "-o", report, "--html", page, "--no-passages", "--title", "Kitap")
    assert result.exit_code == 0, result.output
    assert "worst" not in json.loads(report.read_text(encoding="utf-8"))[0]["sets"][0]
    assert "терең" not in page.read_text(encoding="utf-8") + report.read_text(encoding="utf-8")
    assert "<h1>Kitap</h1>" in page.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_to_is_said_before_the_work(pairs: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    for arguments in (["-o", file], ["-o", file / "r.json"], ["--html", file / "r.html"]):
        result = run(pairs, "-c", "identity", *arguments)
        assert (result.exit_code, result.output) == (1, f"kzocr: {file}: File exists\n")
    report, page = tmp_path / "new" / "r.json", tmp_path / "newer" / "r.html"
    assert run(pairs, "-c", "identity", "-o", report, "--html", page).exit_code == 0
    assert report.is_file()
    assert page.is_file()


def test_two_folders(tmp_path: Path) -> None:
    for name, text in (("printed", "Таң"), ("read", "Тац")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.txt").write_text(text, encoding="utf-8")
    result = run("--reference", tmp_path / "printed", "--hypothesis", tmp_path / "read", "-c", "identity")
    assert result.exit_code == 0, result.output
    assert "33.33" in result.output
    (tmp_path / "read" / "2.txt").write_text("x", encoding="utf-8")
    result = run("--reference", tmp_path / "printed", "--hypothesis", tmp_path / "read", "-c", "identity")
    assert result.exit_code == 1
    assert "2.txt" in result.output


def test_folders_of_layout_files_are_measured_by_their_text(tmp_path: Path) -> None:
    page = (DATA / "formats" / "page.alto.xml").read_bytes()
    for name in ("printed", "read"):
        (tmp_path / name).mkdir()
    (tmp_path / "read" / "1.xml").write_bytes(page)
    text = LayoutFile.of(page, "1.xml", DIALECTS["alto"]).text
    (tmp_path / "printed" / "1.txt").write_bytes(
        f"\ufeff{text.replace('Ауыл', 'Аула')}\n".replace("\n", "\r\n").encode()
    )
    (tmp_path / "printed" / "2.md").write_text("Таң\n", encoding="utf-8")
    (tmp_path / "read" / "2.txt").write_text("Тац", encoding="utf-8")
    [pairs] = read_sets([], tmp_path / "printed", tmp_path / "read").values()
    assert [(pair.reference, pair.hypothesis) for pair in pairs] == [
        (text.replace("Ауыл", "Аула"), text),
        ("Таң", "Тац"),
    ]
    (tmp_path / "read" / "1.xml").write_bytes(page[:2000])
    with pytest.raises(ValueError, match=r"read/1\.xml:\d+: not well-formed XML"):
        read_sets([], tmp_path / "printed", tmp_path / "read")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no texts"),
        (["--reference", "x"], "two folders are needed"),
        (["missing.jsonl"], "kzocr: missing.jsonl: No such file or directory\n"),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.output


def test_correctors_that_cannot_be_made(pairs: Path) -> None:
    for name, message in (
        ("magic", "no corrector 'magic'"),
        ("noisy-channel", "--word-text"),
        ("symspell", "one word"),
    ):
        result = run(pairs, "-c", name)
        assert result.exit_code == 1
        assert message in result.output


def test_noisy_channel_by_name(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Көл терең.\nҚар еріді.\n" * 3, encoding="utf-8")
    correct = Resources(word_texts=(text,), prior="russian-engine").corrector("noisy-channel")
    assert correct(["Кар еріді."]) == ["Қар еріді."]


def test_sets_of_one_name_keep_their_paths(pairs: Path, tmp_path: Path) -> None:
    other = tmp_path / "b" / "set.jsonl"
    other.parent.mkdir()
    other.write_bytes(pairs.read_bytes())
    assert list(read_sets([pairs, other])) == [str(pairs), str(other)]
    assert list(read_sets([pairs])) == ["set"]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_report_of_a_model_names_its_files_by_their_hashes(pairs: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert run(pairs, "-o", report).exit_code == 0
    (own,) = json.loads(report.read_text(encoding="utf-8"))
    names = ("model.safetensors", *COMPANIONS)
    assert own["files"] == {name: sha256(EMBEDDED / name) for name in names}
    assert own["hardware"] == device_name()
    assert own["kzocr_version"] == __version__
    assert check_report([own], EMBEDDED) is None


def test_a_model_in_a_folder_without_files_beside_it(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    shutil.copyfile(EMBEDDED / "model.safetensors", model / "model.safetensors")
    origin = Resources(str(model)).origin("kzocr-without-lexicon")
    assert origin["files"] == {"model.safetensors": sha256(EMBEDDED / "model.safetensors")}
    assert str(tmp_path) not in json.dumps(origin)


def test_a_model_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "assembled"
    folder.mkdir()
    for name in ("model.safetensors", "calibration.json"):
        (folder / name).write_text(name, encoding="utf-8")
    hub = connected(monkeypatch, tmp_path / "cache")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    try:
        upload(folder, "user/model", tag="1", token=TOKEN)
        files = Resources("user/model").origin("kzocr")["files"]
    finally:
        hub.close()
    assert files == {name: sha256(folder / name) for name in ("model.safetensors", "calibration.json")}
