import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzocr.pairs import (
    TextHalves,
    TextPair,
    files_by_set,
    half_of,
    iter_pairs,
    line_pairs,
    passages,
    read_folders,
    read_pairs,
    split_by_document,
    write_pairs,
)

GOOD = {"reference": "жыл", "hypothesis": "жыд", "document_id": "a", "origin": "real"}
TEXT = st.text(max_size=20)


@given(st.lists(st.builds(TextPair, TEXT, TEXT, TEXT, st.sampled_from(["real", "rendered", "synthetic"]), TEXT)))
def test_write_then_read_is_the_same(tmp_path_factory: pytest.TempPathFactory, pairs: list[TextPair]) -> None:
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    write_pairs(path, pairs)
    assert read_pairs(path) == pairs


def test_lone_surrogates_and_line_separators_survive(tmp_path: Path) -> None:
    pairs = [TextPair("\ud800", "a\u2028b\x85", "d", "synthetic")]
    write_pairs(tmp_path / "p.jsonl", pairs)
    assert read_pairs(tmp_path / "p.jsonl") == pairs


def test_other_fields_and_blank_lines_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text("\n" + json.dumps(GOOD | {"page": 3, "engine": "e"}) + "\n\n", encoding="utf-8")
    assert list(iter_pairs(path)) == [TextPair("жыл", "жыд", "a", "real", "e")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"page": ' + "1" * 5000 + "}", "not JSON"),
        ("[]", "expected a JSON object, got list"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "hypothesis"}), "field 'hypothesis' is missing"),
        (json.dumps(GOOD | {"reference": 5}), "field 'reference' is int"),
        (json.dumps(GOOD | {"engine": None}), "field 'engine' is NoneType"),
        (json.dumps(GOOD | {"origin": "made up"}), "field 'origin' is 'made up'"),
    ],
)
def test_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(GOOD) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_pairs(path)
    assert "p.jsonl:2: " in str(caught.value)


def test_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_bytes(json.dumps(GOOD).encode() + b"\n\xff\n")
    with pytest.raises(ValueError, match=r"p\.jsonl:2: not UTF-8"):
        read_pairs(tmp_path / "p.jsonl")


def test_unknown_origin_is_refused() -> None:
    with pytest.raises(ValueError, match="origin"):
        TextPair("", "", "", "web")  # type: ignore[arg-type]


def test_line_pairs() -> None:
    pair = TextPair("бір\n\nекі", "6ір\n\nекі", "d", "real", "e")
    assert [(p.reference, p.hypothesis) for p in line_pairs(pair)] == [
        ("бір", "6ір"),
        ("", ""),
        ("екі", "екі"),
    ]
    with pytest.raises(ValueError, match="'d': the reference has 1 lines but the hypothesis has 2"):
        line_pairs(TextPair("а", "а\n", "d", "real"))


@given(st.lists(st.text(alphabet="аб ", max_size=8), min_size=1, max_size=12), st.integers(1, 30))
def test_passages_join_to_the_document(lines: list[str], max_chars: int) -> None:
    pair = TextPair("\n".join(lines), "\n".join(lines).replace("а", "аа"), "d", "real")
    found = passages(pair, max_chars)
    assert "\n".join(p.reference for p in found) == pair.reference
    assert "\n".join(p.hypothesis for p in found) == pair.hypothesis
    for passage in found:
        assert max(len(passage.reference), len(passage.hypothesis)) <= max_chars or "\n" not in passage.reference


@given(st.lists(st.sampled_from("abcdefgh"), max_size=20), st.floats(0, 1), st.integers(0, 9))
def test_split_shares_no_document(names: list[str], fraction: float, seed: int) -> None:
    pairs = [TextPair(str(i), "", name, "real") for i, name in enumerate(names)]
    rest, chosen = split_by_document(pairs, fraction, seed)
    assert sorted(rest + chosen, key=lambda p: int(p.reference)) == pairs
    assert {p.document_id for p in rest}.isdisjoint(p.document_id for p in chosen)
    again = split_by_document(pairs[::-1], fraction, seed)
    assert [p.document_id for p in again[1]] == [p.document_id for p in chosen][::-1]
    if 0 < fraction < 1 and len(set(names)) > 1:
        assert rest
        assert chosen


def test_split_takes_the_share_and_follows_the_seed() -> None:
    pairs = [TextPair("", "", f"d{i}", "real") for i in range(40)]
    splits = {tuple(p.document_id for p in split_by_document(pairs, 0.25, seed)[1]) for seed in range(5)}
    assert {len(split) for split in splits} == {10}
    assert len(splits) == 5
    with pytest.raises(ValueError, match="fraction"):
        split_by_document(pairs, 2, 0)


def write(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (folder / name.replace("__", "/")).parent.mkdir(parents=True, exist_ok=True)
        (folder / (name.replace("__", "/") + ".txt")).write_bytes(text.encode())
    return folder


def test_folders_are_matched_by_name(tmp_path: Path) -> None:
    printed = write(tmp_path / "printed", b="Көл\r\nкең\n", a__1="Таң")
    read = write(tmp_path / "read", b="Кел\nкең", a__1="\ufeffТац")
    (read / ".hidden").write_text("x", encoding="utf-8")
    assert read_folders(printed, read) == [
        TextPair("Таң", "Тац", "a/1", "real"),
        TextPair("Көл\nкең", "Кел\nкең", "b", "real"),
    ]


def test_folders_that_do_not_match_are_refused(tmp_path: Path) -> None:
    printed, read = write(tmp_path / "printed", a="а", b="б"), write(tmp_path / "read", a="а")
    with pytest.raises(ValueError, match=r"1 without a file of the same name in .*read: .*printed/b\.txt"):
        read_folders(printed, read)
    with pytest.raises(ValueError, match=r"in .*read: .*printed/b\.txt"):
        read_folders(read, printed)
    (read / "b.txt").write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"read/b\.txt: not UTF-8"):
        read_folders(printed, read)
    (read / "b.md").write_text("б", encoding="utf-8")
    with pytest.raises(ValueError, match="have the same name"):
        read_folders(printed, read)
    with pytest.raises(NotADirectoryError, match="no such folder"):
        read_folders(printed, tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no files"):
        read_folders(tmp_path / "empty", read)


def test_halves_go_by_the_printed_text() -> None:
    texts = [f"сөз {number}" for number in range(200)]
    halves = [half_of(TextPair(text, text, "д", "synthetic")) for text in texts]
    assert halves == [half_of(TextPair(text, "басқа", "е", "real")) for text in texts]
    assert 70 < sum(halves) < 130


def test_halves_of_two_texts_go_by_runs_of_words(tmp_path: Path) -> None:
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("Балалар бүгін мектепке ерте келді.\nКешке қар жауды.\n", encoding="utf-8")
    second.write_text("Әжем ауладағы тауықтарға жем шашты.\n", encoding="utf-8")
    halves = TextHalves.read(first, second)

    def half(text: str) -> int:
        return halves.half_of(TextPair(text, "басқа", "е", "real"))

    assert half("бүгін мектепке ерте келді. Кешке") == 0
    assert half("ауладағы тауықтарға жем\nшашты. Балалар") == 1
    for elsewhere in (f"Мүлде басқа сөйлем {number}" for number in range(9)):
        assert half(elsewhere) == half_of(TextPair(elsewhere, "басқа", "е", "real"))


def test_sets_are_named_by_their_files() -> None:
    paths = [Path("a/kaz.jsonl"), Path("b/kaz.jsonl"), Path("b/rus.jsonl")]
    assert files_by_set(paths) == dict(zip([str(paths[0]), str(paths[1]), "rus"], paths, strict=True))
