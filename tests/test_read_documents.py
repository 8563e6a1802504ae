from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kzocr.alignment import align
from kzocr.channel.prior import ChannelPrior
from kzocr.config import ConfigError, config_from_dict, load_config
from kzocr.corpus import CorpusError, Source
from kzocr.data import ExampleSampler
from kzocr.pairs import TextPair, write_pairs
from kzocr.read_documents import Piece, ReadDocuments, load_read_documents, pieces
from kzocr.text import n_bytes
from places import ROOT
from toy_data import CONFIG

PRINTED = "Ауыл шетіндегі ескі диірмен\nжазда да, қыста да айналып тұрады.\nСуы мол, тасы берік екен."
READ = "Ауьл шетіндегі ес кі диірмен\nжазда да, кыста да айна лып турады.\nСуы мол, тась берік екен."
PAIR = TextPair(PRINTED, READ, "mill", "rendered", "made-up")


def spaced_alike(text: str) -> str:
    return " ".join(text.split())


def test_windows_are_of_both_texts_and_belong_together() -> None:
    documents = ReadDocuments([PAIR])
    rng = np.random.default_rng(1)
    for _ in range(200):
        for printed, read in documents.windows(3, 20, 60, rng):
            assert max(n_bytes(printed), n_bytes(read)) <= 60
            assert spaced_alike(printed) in spaced_alike(PRINTED)
            assert spaced_alike(read) in spaced_alike(READ)
            edits = [one for one in align(reference=printed, hypothesis=read) if one.kind != "match"]
            assert len(edits) <= 4, (printed, read)


def test_every_word_can_be_drawn() -> None:
    documents = ReadDocuments([PAIR])
    rng = np.random.default_rng(2)
    seen = {word for _ in range(300) for printed, _ in documents.windows(6, 20, 60, rng) for word in printed.split()}
    assert seen == set(PRINTED.split())


def test_line_ends_stay_or_become_spaces_in_both_texts() -> None:
    documents = ReadDocuments([PAIR])
    rng = np.random.default_rng(3)
    kinds = {
        ("\n" in printed, "\n" in read) for _ in range(50) for printed, read in documents.windows(1, 300, 300, rng)
    }
    assert kinds == {(True, True), (False, False)}


def test_what_is_measured_on_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    other = TextPair("Тауда қар ерте жауды биыл.", "Тауда кар ерте жауды биыл.", "snow", "rendered")
    write_pairs(path, [PAIR, other])
    held_out = Source.from_lines("held-out", ["ескі диірмен жазда да қыста да айналып тұрады, деді ол."])
    documents = load_read_documents([str(path)], [held_out])
    assert documents is not None
    assert len(documents) == 1
    assert documents.windows(1, 300, 300, np.random.default_rng(4))[0][0].endswith("жауды биыл.")
    assert load_read_documents([], [held_out]) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "no pair with a printed text"), ("{}\n", "pairs.jsonl:1: field 'reference' is missing")],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=message) as raised:
        load_read_documents([str(path)], [])
    assert "pairs.jsonl" in str(raised.value)


def test_what_would_be_a_guess_stays_as_it_was_read() -> None:
    pair = TextPair("Бізде 1928 жылы Radio болды\nдеді ұста", "Б1зде 1923 жыл ы Кайіо бол ды\nдед1 ;~", "radio", "real")
    assert pieces(pair) == [
        Piece("Бізде", "Б1зде", " "),
        Piece("1923", "1923", " "),
        Piece("жылы", "жыл ы", " "),
        Piece("Кайіо", "Кайіо", " "),
        Piece("болды", "бол ды", "\n"),
        Piece("деді", "дед1", " "),
        Piece(";~", ";~", ""),
    ]


def test_a_word_that_was_read_with_the_latin_alphabet_is_mended() -> None:
    document = TextPair("жұрт естісе ісін TepiMeH дейді", "жұрт ecTice iciH TepiMeH xqzvw", "d", "real")
    assert [(piece.printed, piece.read) for piece in pieces(document)] == [
        ("жұрт", "жұрт"),
        ("естісе", "ecTice"),
        ("ісін", "iciH"),
        ("TepiMeH", "TepiMeH"),  # printed in Latin letters
        ("xqzvw", "xqzvw"),  # beyond recognition
    ]


def test_a_pair_without_common_spaces_is_an_error() -> None:
    with pytest.raises(ValueError, match="no pair has spaces"):
        ReadDocuments([TextPair("Алма", "Алма", "one", "real")])


def test_the_sampler_draws_the_share_that_is_asked_for() -> None:
    config = replace(CONFIG, pairs=("unused",), pair_share=0.5, windows_per_document=1)
    sources = [Source.from_lines("other", ["Бұлт басты, жаңбыр жауды, жол батпақ болды деді жолаушы бізге."] * 9)]
    sampler = ExampleSampler(sources, ChannelPrior.shipped("clean"), config, (), ReadDocuments([PAIR]))
    examples = sampler.documents(400, np.random.default_rng(5))
    n_read = sum(spaced_alike(example.reference) in spaced_alike(PRINTED) for example in examples)
    assert 150 < n_read < 250


def test_a_share_without_files_is_refused() -> None:
    smoke = load_config(ROOT / "configs" / "smoke.yaml").to_dict()
    smoke["data"]["pair_share"] = 0.3
    with pytest.raises(ConfigError, match=r"'data\.pair_share' is above 0"):
        config_from_dict(smoke, "smoke")
