from __future__ import annotations

import errno
import json
import os
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import kzocr
from fakes import scripted
from kzocr.cli import app
from kzocr.cli.differences import print_diff
from kzocr.cli.tasks import Task
from kzocr.cli.writing import Writing
from kzocr.correction.passes import Correction
from kzocr.corrector import Corrector
from kzocr.edits import Edit, apply_edits
from places import DATA

TEXT = "Бұл бір сез.\nЕкінші жол.\n"
CORRECTED = "Бұл бір сөз.\nЕкінші жол.\n"


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Put a scripted model in the place of every model, and show the options that it was loaded with."""
    options: dict[str, object] = {}

    def load(name: str | None = None, **given: object) -> Corrector:
        if name == "missing":
            raise FileNotFoundError("missing: no such model folder")
        options.update(given, name=name)
        return scripted(("сез", "сөз"), guards=given["guards"])  # type: ignore[arg-type]

    monkeypatch.setattr(Corrector, "from_pretrained", load)
    return options


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def test_version() -> None:
    assert run("--version").stdout == f"kzocr {kzocr.__version__}\n"


@pytest.mark.skipif(not Path("/dev/fd").is_dir(), reason="the pipes of a shell have no name here")
def test_a_pipe_is_read_once_and_whole() -> None:
    source, sink = os.pipe()
    os.write(sink, TEXT.encode())
    os.close(sink)
    pipe = f"/dev/fd/{source}"
    result = run("correct", pipe)
    assert (result.exit_code, result.stdout_bytes.decode()) == (0, CORRECTED)
    refused = run("correct", pipe, "--format", "parquet", "-o", "out.parquet")
    assert refused.exit_code == 1
    assert f"{pipe}: Parquet is read from a file, not from the standard input or a pipe" in refused.stderr
    os.close(source)


def test_output_that_nobody_reads_any_more_ends_it_without_a_word(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def do(_self: Writing, task: Task, *_: object) -> None:
        written.append(task.name)
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(Writing, "do", do)
    result = run("correct", page, page)
    assert (result.exit_code, result.stderr, written) == (1, "", [str(page)])


def test_standard_input_to_standard_output() -> None:
    for arguments in ([], ["-"]):
        result = run("correct", *arguments, stdin=TEXT.encode())
        assert (result.exit_code, result.stdout_bytes.decode()) == (0, CORRECTED)


def test_files_are_printed_in_order_and_stay(page: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_bytes("\ufeffсез\r\nсез".encode())
    result = run("correct", page, other)
    assert result.stdout_bytes.decode() == CORRECTED + "\ufeffсөз\r\nсөз"
    assert page.read_text(encoding="utf-8") == TEXT


def test_output_file_and_folder(page: Path, tmp_path: Path) -> None:
    assert run("correct", page, "-o", tmp_path / "out.txt").exit_code == 0
    assert (tmp_path / "out.txt").read_text(encoding="utf-8") == CORRECTED
    other = tmp_path / "other.txt"
    other.write_text("сез", encoding="utf-8")
    assert run("correct", page, other, "-o", tmp_path / "new" / "folder").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == ["other.txt", "page.txt"]
    assert run("correct", page, "-o", f"{tmp_path}/third/").exit_code == 0
    assert (tmp_path / "third" / "page.txt").read_text(encoding="utf-8") == CORRECTED


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system does not name what is open")
def test_output_to_a_pipe(page: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "сез"}\n', encoding="utf-8")
    for source, after in ((page, CORRECTED), (rows, '{"text": "сөз"}\n')):
        reading, writing = os.pipe()
        result = run("correct", source, "-o", f"/dev/fd/{writing}")
        assert result.exit_code == 0, result.stderr
        os.close(writing)
        with open(reading, "rb") as pipe:
            assert pipe.read().decode() == after


def test_in_place_keeps_mode_and_line_ends(page: Path) -> None:
    page.write_bytes("\ufeffсез\r\nсез\n".encode())
    page.chmod(0o640)
    assert run("correct", "--in-place", page).exit_code == 0
    assert page.read_bytes() == "\ufeffсөз\r\nсөз\n".encode()
    assert page.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in page.parent.iterdir()] == ["page.txt"]


def test_in_place_a_link_stays_one_and_what_it_names_is_corrected(page: Path, tmp_path: Path) -> None:
    page.chmod(0o604)
    (tmp_path / "links").mkdir()
    link, other = tmp_path / "links" / "link.txt", tmp_path / "hard.txt"
    link.symlink_to(Path("..") / page.name)
    other.hardlink_to(page)
    assert run("correct", "--in-place", link).exit_code == 0
    assert link.readlink() == Path("..") / page.name
    assert page.read_text(encoding="utf-8") == CORRECTED
    assert page.stat().st_mode & 0o777 == 0o604
    assert other.read_text(encoding="utf-8") == TEXT  # a file is replaced: its other names keep the old one


def test_an_input_is_never_written_over_unasked(page: Path) -> None:
    for destination in (page, page.parent):
        result = run("correct", page, "-o", destination)
        assert result.exit_code == 2
        assert "--in-place" in result.stderr
    assert page.read_text(encoding="utf-8") == TEXT


def test_two_inputs_of_one_name_are_refused_before_anything_is_written(page: Path, tmp_path: Path) -> None:
    same = tmp_path / "b" / "page.txt"
    same.parent.mkdir()
    same.write_text("сез", encoding="utf-8")
    result = run("correct", page, same, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [["--in-place", "--diff"], ["--diff", "--json"], ["--in-place", "-o", "x"]])
def test_options_that_exclude_each_other(page: Path, options: list[str]) -> None:
    assert run("correct", page, *options).exit_code == 2
    assert run("correct", "--in-place").exit_code == 2


def test_bad_inputs_are_named_and_the_others_done(page: Path, tmp_path: Path) -> None:
    legacy = tmp_path / "legacy.txt"
    legacy.write_bytes(
        "Бұрынғы мәтін".replace("ұ", "у").replace("ғ", "г").replace("ә", "а").replace("і", "i").encode("cp1251")
    )
    result = run("correct", tmp_path / "none.txt", legacy, tmp_path, page, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "none.txt: No such file" in result.stderr
    assert "legacy.txt: not UTF-8: byte 0xc1 at offset 0 (it may be Windows-1251)" in result.stderr
    assert f"{tmp_path}: Is a directory" in result.stderr
    assert (tmp_path / "out" / "page.txt").read_text(encoding="utf-8") == CORRECTED
    result = run("correct", stdin=b"\xef\xbb\xbfab\xff")
    assert (result.exit_code, "<stdin>: not UTF-8: byte 0xff at offset 5" in result.stderr) == (1, True)


def test_a_model_that_cannot_be_loaded_is_a_message(page: Path) -> None:
    result = run("correct", page, "--model", "missing")
    assert result.exit_code == 1
    assert "missing: no such model folder" in result.stderr
    assert isinstance(result.exception, SystemExit)


def test_options_reach_the_corrector(page: Path, model: dict[str, object]) -> None:
    run(
        "correct",
        page,
        "--model",
        "m",
        "--revision",
        "r",
        "--device",
        "cpu",
        "--batch-bytes",
        100,
        "--min-confidence",
        1,
    )
    guards = model.pop("guards")
    assert model == {"name": "m", "revision": "r", "device": "cpu", "batch_bytes": 100, "use_lexicon": True}
    assert guards.min_confidence == 1  # type: ignore[attr-defined]
    assert run("correct", page, "--min-confidence", 1).stdout_bytes.decode() == TEXT


def test_json_has_every_edit(page: Path, tmp_path: Path) -> None:
    [line] = run("correct", page, "--json").stdout_bytes.decode().splitlines()
    record = json.loads(line)
    assert (record["file"], record["text"], record["kept"]) == (str(page), CORRECTED, {})
    [edit] = record["edits"]
    assert (edit["start"], edit["end"], edit["before"], edit["after"]) == (9, 10, "е", "ө")
    run("correct", page, "--json", "-o", f"{tmp_path}/out/")
    assert json.loads((tmp_path / "out" / "page.txt.json").read_text(encoding="utf-8")) == record


def test_diff_shows_changed_lines_only(page: Path) -> None:
    assert run("correct", page, "--diff").stdout == f"{page}:1: Бұл бір с[-е-]{{+ө+}}з.\n"


def test_lines_of_a_diff_are_those_of_grep(page: Path) -> None:
    text = "бір\x0cекі\u2028үш\rтөрт\n\x0cсез\x85а\r\nсез"
    page.write_bytes(text.encode())
    assert run("correct", page, "--diff").stdout_bytes.decode() == (
        f"{page}:2: ␌с[-е-]{{+ө+}}з\x85а\n{page}:3: с[-е-]{{+ө+}}з\n"
    )
    page.write_bytes("сез\x0c\nсез\n".encode())
    assert [line[len(str(page)) :][:3] for line in run("correct", page, "--diff").stdout.splitlines()] == [":1:", ":2:"]


def test_a_diff_shows_characters_that_a_terminal_would_not(page: Path) -> None:
    page.write_bytes("бір\rсез\tекі\x1b[1m\r\r\nсез\r".encode())
    assert run("correct", page, "--diff").stdout_bytes.decode() == (
        f"{page}:1: бір␍с[-е-]{{+ө+}}з\tекі␛[1m␍\n{page}:2: с[-е-]{{+ө+}}з␍\n"
    )


@pytest.mark.parametrize(
    ("original", "edit", "shown"),
    [
        ("а\rб", Edit(1, 2, "\r", "", 1.0), "а[-␍-]б"),
        ("а\r\nб\n", Edit(1, 2, "\r", "", 1.0), "а[-␍-]"),
        ("а\r\nб", Edit(1, 3, "\r\n", " ", 1.0), "а[-␍⏎-]{+ +}б"),
        ("а\r\nб", Edit(1, 3, "\r\n", "\n", 1.0), "а[-␍⏎-]{+⏎+}б"),
        ("а\x85б", Edit(1, 2, "\x85", "\n", 1.0), "а[-⏎-]{+⏎+}б"),
        ("а б\r", Edit(1, 2, " ", "\t", 1.0), "а[- -]{+␉+}б␍"),
        ("аб\r", Edit(2, 3, "\r", "", 1.0), "аб[-␍-]"),
    ],
)
@pytest.mark.parametrize("is_terminal", [False, True])
def test_what_ends_lines_and_what_nobody_sees_is_shown_where_it_changes(
    original: str,
    edit: Edit,
    shown: str,
    is_terminal: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if is_terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    print_diff(Correction(apply_edits(original, [edit]), original, (edit,), {}, 1, 1), "page.txt")
    printed = capsys.readouterr().out
    if is_terminal:
        assert "\x1b[" in printed
        printed, shown = re.sub("\x1b.*?m", "", printed), re.sub(r"\[-|-\]|{\+|\+}", "", shown)
    assert printed == f"page.txt:1: {shown}\n"


def test_corrupt_depends_on_the_seed_alone(page: Path, tmp_path: Path) -> None:
    page.write_text(CORRECTED * 20, encoding="utf-8")
    first = run("corrupt", page, "--seed", 3, "--prior", "spaced-letters").stdout
    assert first == run("corrupt", "--seed", 3, "--prior", "spaced-letters", stdin=(CORRECTED * 20).encode()).stdout
    assert first != run("corrupt", page, "--seed", 4, "--prior", "spaced-letters").stdout
    assert run("corrupt", page, "--cer", 0).stdout == CORRECTED * 20
    result = run("corrupt", page, "--cer", 0.1, "--prior", "spaced-letters", "-o", tmp_path / "noisy.txt")
    assert "character error rate 0." in result.stderr
    assert (tmp_path / "noisy.txt").read_text(encoding="utf-8") != CORRECTED * 20
    assert "mixture" in run("corrupt", "--prior", "list").stdout
    result = run("corrupt", page, "--prior", "unknown")
    assert (result.exit_code, "unknown" in result.stderr) == (1, True)


def test_layout_reflow(tmp_path: Path) -> None:
    path = tmp_path / "column.txt"
    path.write_text("Биыл бір сез айтпай өнді-\nріс көлемі көп өсті, ел\nтынды.\n\nБұл сез.\n", encoding="utf-8")
    joined = "Биыл бір сөз айтпай өндіріс көлемі көп өсті, ел тынды.\n\nБұл сөз.\n"
    assert run("correct", path, "--layout", "reflow").stdout_bytes.decode() == joined
    assert run("correct", path, "--layout", "keep").stdout_bytes.decode().count("\n") == 5
    assert json.loads(run("correct", path, "--layout", "reflow", "--json").stdout_bytes)["text"] == joined
    assert run("correct", path, "--layout", "reflow", "--diff").stdout.splitlines() == [
        f"{path}:1: Биыл бір с[-е-]{{+ө+}}з айтпай өнді[--⏎-]ріс көлемі көп өсті, ел[-⏎-]{{+ +}}тынды.",
        f"{path}:5: Бұл с[-е-]{{+ө+}}з.",
    ]
    assert run("correct", path, "--layout", "tidy").exit_code == 2


FORMATS = DATA / "formats"


def test_layout_files_are_corrected_in_place_of_their_words(tmp_path: Path) -> None:
    path = tmp_path / "page.hocr"
    path.write_text((FORMATS / "page.hocr").read_text(encoding="utf-8").replace("еск!", "сез"), encoding="utf-8")
    assert run("correct", path, "-o", f"{tmp_path}/out/").exit_code == 0
    before, after = path.read_bytes().decode(), (tmp_path / "out" / "page.hocr").read_bytes().decode()
    expected = before.replace("bbox 320 50 384 76; x_wconf 55'>сез", "bbox 320 50 384 76; x_wconf 99'>сөз")
    assert after.replace('"', "'") == expected.replace('"', "'")  # the changed line has its attributes in double quotes
    assert run("correct", stdin=path.read_bytes()).stdout_bytes.decode() == after
    assert run("correct", path, "--diff").stdout == f"{path}:1: Ауыл шет1ндег! с[-е-]{{+ө+}}з дирмен бПрын\n"
    result = run("correct", path, "--layout", "reflow")
    assert (result.exit_code, "the lines of hocr stay" in result.stderr) == (1, True)
    assert run("correct", path, "--format", "text").stdout_bytes.decode() == before.replace("сез", "сөз")


def test_rows_are_corrected_column_by_column(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1, "page": "Бұл сез."}\n', encoding="utf-8")
    expected = '{"id": 1, "page": "Бұл сөз."}\n'
    assert run("correct", path, "--column", "page").stdout_bytes.decode() == expected
    assert run("correct", path, "--column", "page", "-o", f"{tmp_path}/out/").exit_code == 0
    assert (tmp_path / "out" / "rows.jsonl").read_text(encoding="utf-8") == expected
    stdin = path.read_bytes()
    assert run("correct", "--format", "jsonl", "--column", "page", stdin=stdin).stdout_bytes.decode() == expected
    refused = run("correct", "--column", "page", stdin=stdin)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "<stdin>: this is jsonl: say --format jsonl" in refused.stderr
    result = run("correct", path, "--in-place")
    assert (result.exit_code, "rows.jsonl:1: no column 'text'; there are 'id', 'page'" in result.stderr) == (1, True)
    assert path.read_bytes() == stdin
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert run("correct", path, "--diff", "--column", "page").exit_code == 1


def test_parquet_goes_to_a_file(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": ["Бұл сез."]}), path)
    assert "say where it goes" in run("correct", path).stderr
    assert run("correct", path, "--in-place").exit_code == 0
    assert pq.read_table(path).column("text").to_pylist() == ["Бұл сөз."]


def test_adapt_says_what_to_install(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("kzocr.adaptation.run", "kzocr.training", "kzocr.runs.precision"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "accelerate", None)
    result = run("adapt", page, "--text", page, "-o", tmp_path / "run")
    assert result.exit_code == 1
    assert 'kzocr: adapting needs what training needs: pip install "kzocr[train]" (' in result.stderr


def test_adapt_says_what_is_wrong(page: Path, tmp_path: Path) -> None:
    result = run("adapt", page, "--text", page, "-o", tmp_path / "run")
    assert (result.exit_code, "at least 2,000 are needed" in result.stderr) == (1, True)
    result = run("adapt", tmp_path / "none", "--text", page, "-o", tmp_path / "run")
    assert (result.exit_code, "none: no such file or folder" in result.stderr) == (1, True)
    result = run("adapt", page, "--text", page, "-o", tmp_path / "run", "--model", tmp_path / "absent")
    assert (result.exit_code, "absent: no such model folder" in result.stderr) == (1, True)
