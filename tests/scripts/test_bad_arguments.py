"""Scripts that are given what is not there, is broken or cannot be: a line that names it, no traceback."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from kzocr.channel.estimate import fit_pairs
from kzocr.channel.files import write_prior
from kzocr.pairs import TextPair, read_pairs, write_pairs
from places import ROOT
from script_files import script

LINE = "Күзде ауылда алма мен алмұрт көп піседі."


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("clean.txt").write_text(f"{LINE}\n", encoding="utf-8")
    write_pairs(Path("pairs.jsonl"), [TextPair(LINE, LINE.replace("ө", "е"), f"page-{n}", "real") for n in range(2)])


def end_of(monkeypatch: pytest.MonkeyPatch, command: str) -> object:
    """Return what a script ends with: its exit code, or the message that it ends with."""
    name, *arguments = command.split()
    monkeypatch.setattr("sys.argv", [f"{name}.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "scripts" / f"{name}.py"), run_name="__main__")
    return ended.value.code


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("average_models missing --parent missing --parent-share 0.5 -o out", "missing"),
        ("benchmark decoding --text missing.txt", "missing.txt"),
        ("benchmark training --config missing.yaml", "missing.yaml: No such file"),
        ("fit_priors missing.jsonl --name x -o x.json", "missing.jsonl"),
        ("fit_priors clean.txt --name x -o x.json", "clean.txt:1: not JSON"),
        ("fit_spelling missing.jsonl", "missing.jsonl"),
        ("fit_spelling pairs.jsonl --model missing", "missing/lexicon.txt.xz"),
        ("make_lexicon missing -o out", "missing: No such file"),
        ("make_lexicon clean.txt --word-list missing -o out", "missing: No such file"),
        ("make_lexicon clean.txt -o clean.txt", "clean.txt"),
        (
            "make_ocr_pairs clean.txt --output x{}.jsonl --languages= --engine me=cmd:cat --fonts gone",
            "font file, folder",
        ),
        ("make_russian missing.txt -o out.npz", "missing.txt"),
        ("measure_realism missing.jsonl --prior mixture", "missing.jsonl"),
        ("measure_realism pairs.jsonl --prior nothing", "no channel prior 'nothing'"),
        ("measure_word_choice clean.txt --held-out missing.txt --order 6", "missing.txt"),
    ],
)
def test_what_is_missing_or_broken_is_named(monkeypatch: pytest.MonkeyPatch, command: str, message: str) -> None:
    end = str(end_of(monkeypatch, command))
    assert end.startswith(f"{command.split()[0]}: ")
    assert message in end


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--factors 0.1,inf", "--factors must be two positive numbers"),
        (
            "--least-cer 2 --greatest-cer 3 --wrong-words 4",
            "none was between --least-cer 2 and --greatest-cer 3, and w",
        ),
    ],
)
def test_passages_that_cannot_be_drawn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: str, message: str
) -> None:
    command = f"draw_pairs clean.txt --lines 1 --passages 1 --prior clean {options} -o drawn.jsonl"
    assert end_of(monkeypatch, command) == 1
    assert message in capsys.readouterr().err
    assert not Path("drawn.jsonl").exists()


@pytest.mark.parametrize("option", ["--pages", "--words", "--workers"])
def test_no_pages_are_no_work(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str) -> None:
    command = f"make_ocr_pairs clean.txt --output x.jsonl --languages= --engine me=cmd:cat {option} 0"
    assert end_of(monkeypatch, command) == 2
    assert option in capsys.readouterr().err
    assert not Path("x.jsonl").exists()


def test_a_packed_corpus_that_is_not_written_to_its_end_leaves_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    assert end_of(monkeypatch, "pack_corpus clean.txt -o corpus.xz") == 0
    before = Path("corpus.xz").read_bytes()
    write_bytes = Path.write_bytes

    def killed_halfway(path: Path, data: bytes) -> int:
        write_bytes(path, data[: len(data) // 2])
        raise KeyboardInterrupt

    Path("more.txt").write_text(f"{LINE.upper()} Қар ерте жауды.\n", encoding="utf-8")
    monkeypatch.setattr(Path, "write_bytes", killed_halfway)
    for output in ("corpus.xz", "new.xz"):
        monkeypatch.setattr("sys.argv", ["pack_corpus", "more.txt", "-o", output])
        with pytest.raises(KeyboardInterrupt):
            script("pack_corpus").main()
    assert Path("corpus.xz").read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["clean.txt", "corpus.xz", "more.txt", "pairs.jsonl"]


def test_a_folder_to_write_to_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["fit_priors", "pairs.jsonl", "--name", "x", "--date", "", "--note", "", "-o", "made/x.json"]
    monkeypatch.setattr("sys.argv", arguments)
    script("fit_priors").main()
    write_prior(Path("x.json"), fit_pairs(read_pairs("pairs.jsonl"), "x", "", ""))
    assert Path("made/x.json").read_text(encoding="utf-8") == Path("x.json").read_text(encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["make_lexicon", "clean.txt", "--least-count", "1", "-o", "also/made"])
    script("make_lexicon").main()
    assert sorted(path.name for path in Path("also/made").iterdir()) == ["lexicon.txt.xz", "text.npz.xz"]


@pytest.mark.parametrize(
    "command",
    [
        "calibrate missing.jsonl --save OUT/calibration.json",
        "calibrate missing.jsonl --svg OUT/calibration.svg",
        "fit_spelling missing.jsonl --save OUT/spelling.json",
        "fuzz --texts 1 --model missing -o OUT/fuzz.json",
        "measure_adaptation missing.jsonl --text clean.txt --folder run -o OUT/figures.json",
        "measure_damage missing.txt --json OUT/damage.json",
        "measure_realism missing.jsonl --prior clean -o OUT/realism.json",
        "measure_spacing missing.txt --json OUT/spacing.json",
        "measure_trust missing.txt -o OUT/trust.json",
        "pack_corpus missing.txt -o OUT/corpus.xz",
    ],
)
def test_what_takes_long_makes_its_folders_first(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    end_of(monkeypatch, command.replace("OUT", "made"))
    assert Path("made").is_dir()
