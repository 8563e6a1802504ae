from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from kzocr.channel.engines import EngineFailedError
from kzocr.channel.pages import TextSource
from kzocr.channel.pair_files import PairFile

TEXTS = (TextSource("prose", ("Қар ерте жауды.",)), TextSource("verse", ("Күз келді.",)))


def record(number: int, book: int = 7, **changes: Any) -> dict[str, Any]:
    page = {"document_id": f"prose-{book}-{number:06d}", "cer": 0.1, "n_lines": 10, "n_missed_lines": 0, "failure": ""}
    return {**page, **changes}


def failed(number: int) -> dict[str, Any]:
    return record(number, cer=0.0, n_missed_lines=10, failure="mine: exit code 139: it said nothing")


def numbers(path: Path) -> list[int]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [int(json.loads(line)["document_id"][-6:]) for line in lines]


def test_hopeless_pages_are_set_aside_and_known_on_resuming(tmp_path: Path) -> None:
    file = PairFile(tmp_path / "pairs.jsonl", 0.35, 7, TEXTS)
    assert file.done == set()
    for one in (record(3), record(4, cer=0.5), record(3, cer=0.2), record(5, n_missed_lines=6)):
        file.add(one)
    file.close()
    assert (file.n_usable, file.n_set_aside, file.n_failed) == (1, 2, 0)
    assert numbers(file.path) == [3]
    assert numbers(tmp_path / "pairs.set_aside.jsonl") == [4, 5]
    assert PairFile(file.path, 0.35, 7, TEXTS).done == {3, 4, 5}
    assert PairFile(file.path, 0.35, 8, TEXTS).done == set()


def test_a_page_at_which_the_engine_fails_is_set_aside_once_it_has_read_another(tmp_path: Path) -> None:
    file = PairFile(tmp_path / "pairs.jsonl", 0.35, 7, TEXTS)
    file.add(failed(0))
    file.add(failed(1))
    assert numbers(file.set_aside_path) == []
    file.add(record(2))
    file.add(failed(3))
    file.close()
    assert (numbers(file.path), numbers(file.set_aside_path)) == ([2], [0, 1, 3])
    assert (file.n_usable, file.n_set_aside, file.n_failed) == (1, 3, 3)
    resumed = PairFile(file.path, 0.35, 7, TEXTS)
    resumed.add(failed(4))
    resumed.close()
    assert numbers(file.set_aside_path) == [0, 1, 3, 4]


def test_an_engine_that_fails_at_all_of_its_first_pages_stops_the_work_and_nothing_counts_as_done(
    tmp_path: Path,
) -> None:
    file = PairFile(tmp_path / "pairs.jsonl", 0.35, 7, TEXTS)
    for number in range(4):
        file.add(failed(number))
    with pytest.raises(EngineFailedError, match="failed at all of its first 4 pages: mine: exit code 139"):
        file.close()
    with pytest.raises(EngineFailedError, match="failed at all of its first 5 pages"):
        file.add(failed(4))
    assert PairFile(file.path, 0.35, 7, TEXTS).done == set()


def test_a_line_that_an_interrupted_run_left_is_removed_and_its_page_made_again(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(record(3)) + '\n{"document_id": "prose-7-00', encoding="utf-8")
    assert PairFile(path, 0.35, 7, TEXTS).done == {3}
    assert path.read_text(encoding="utf-8") == json.dumps(record(3)) + "\n"


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"document_id": "prose-7-000003"}\n{"docu\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"pairs\.jsonl:2"):
        PairFile(path, 0.35, 7, TEXTS)


def test_a_book_is_printed_from_the_same_texts_to_its_end(tmp_path: Path) -> None:
    path, others = tmp_path / "pairs.jsonl", (TEXTS[0], TextSource("verse", ("Қыс келді.",)))
    PairFile(path, 0.35, 7, others)
    assert not list(tmp_path.iterdir())
    PairFile(path, 0.35, 7, TEXTS).add(record(3))
    recorded = json.loads((tmp_path / "pairs.jsonl.texts.json").read_text(encoding="utf-8"))
    assert recorded == {"7": [{"name": text.name, "sha256": text.sha256} for text in TEXTS]}
    before, now = re.escape(f"verse ({TEXTS[1].sha256[:12]})"), re.escape(f"verse ({others[1].sha256[:12]})")
    with pytest.raises(ValueError, match=rf"{path}: its pages of seed 7 .*: {before} in the place of {now}; give the"):
        PairFile(path, 0.35, 7, others)
    with pytest.raises(ValueError, match="these in another order; give"):
        PairFile(path, 0.35, 7, TEXTS[::-1])
    with pytest.raises(ValueError, match=rf"{before} in the place of nothing;"):
        PairFile(path, 0.35, 7, TEXTS[:1])
    PairFile(path, 0.35, 8, others).add(record(3, book=8))
    assert PairFile(path, 0.35, 7, TEXTS).done == PairFile(path, 0.35, 8, others).done == {3}


def test_pages_that_do_not_know_their_texts_are_added_to(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(json.dumps(record(3)) + "\n", encoding="utf-8")
    PairFile(path, 0.35, 7, TEXTS).add(record(4))
    assert PairFile(path, 0.35, 7, TEXTS[:1]).done == {3, 4}
    assert not (tmp_path / "pairs.jsonl.texts.json").exists()
