"""The scripts that make a lexicon and fit the choice between its words, with a stand-in for a model."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from fakes import CopyingDecoder
from kzocr.language.lexicon import LEXICON_FILE, Lexicon
from kzocr.pairs import TextPair, half_of, write_pairs
from kzocr.spelling.choice import SpellingModel, half_path
from kzocr.spelling.context_model import ContextModel, ContextShape
from kzocr.spelling.context_words import CONTEXT_FILE
from script_files import script


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    sentences = [f"Ауыл шетінде {number} үй бар, үй маңында бақ бар." for number in range(3)]
    (folder / "text.txt").write_text("\n".join([*sentences, "Бұл қала үлкен, қала үлкен."]), encoding="utf-8")
    (tmp_path / "held_out.txt").write_text("Бұл қала үлкен, қала үлкен.\n", encoding="utf-8")
    (tmp_path / "list.txt").write_text("көмір\nАлматы\n", encoding="utf-8")
    return folder


def make_lexicon(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Lexicon:
    held_out, word_list = corpus.parent / "held_out.txt", corpus.parent / "list.txt"
    arguments = [corpus, "--exclude", held_out, "--word-list", word_list, "-o", corpus.parent]
    monkeypatch.setattr("sys.argv", ["make_lexicon", *map(str, arguments)])
    script("make_lexicon").main()
    return Lexicon.read(corpus.parent / LEXICON_FILE)


def test_a_lexicon_of_what_is_not_held_out(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lexicon = make_lexicon(corpus, monkeypatch)
    assert lexicon.counts["бар"] == 6
    assert lexicon.counts["көмір"] == 1
    assert lexicon.pairs["ауыл", "шетінде"] == 3
    assert "қала" not in lexicon


def test_a_choice_that_knows_what_engines_misread(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lexicon(corpus, monkeypatch)
    ContextModel(ContextShape(n_rows=64, part_dim=8, state_dim=8)).write(corpus.parent / CONTEXT_FILE)
    printed = ["Ауыл шетінде бақ бар." + "!" * n for n in range(8)]
    pairs = [TextPair(text, text.replace("шетінде", "шетімде"), f"page-{text}", "synthetic") for text in printed]
    write_pairs(corpus.parent / "pages.jsonl", pairs)
    clean = corpus.parent / "clean.txt"
    clean.write_text("Ауыл шетіндеп бақ бар.\n" * 4, encoding="utf-8")
    fit_spelling = script("fit_spelling")
    monkeypatch.setattr(fit_spelling, "load_model", lambda name: name)
    monkeypatch.setattr(fit_spelling, "GuidedDecoder", lambda model: CopyingDecoder(-2.0))
    saved = corpus.parent / "spelling.json"
    pages = corpus.parent / "pages.jsonl"
    arguments = [pages, "--clean", clean, "--misreadings", pages, "--model", corpus.parent, "--save", saved]
    arguments += ["--save-halves", corpus.parent / "halves"]
    monkeypatch.setattr("sys.argv", ["fit_spelling", *map(str, arguments)])
    fit_spelling.main()
    output = capsys.readouterr().out
    assert "12 documents, " in output
    assert " words in doubt, 8 with their print among the alternatives" in output
    spelling = SpellingModel.read(saved)
    assert spelling.fitted_on == ("pages", "clean")
    assert spelling.n_words >= 12
    assert list(spelling.usual.shares) == [("н", "м")]
    halves = [SpellingModel.read(half_path(corpus.parent / "halves", half)) for half in (0, 1)]
    assert sum(half.n_words for half in halves) == spelling.n_words
    assert all(halves[half_of(pair)].n_words for pair in pairs)
    clean.with_name("first.txt").write_text("\n".join(printed), encoding="utf-8")
    texts = ["--halves", str(clean.with_name("first.txt")), str(clean)]
    monkeypatch.setattr("sys.argv", ["fit_spelling", *map(str, arguments), *texts])
    fit_spelling.main()
    halves = [SpellingModel.read(half_path(corpus.parent / "halves", half)) for half in (0, 1)]
    assert (halves[0].n_words, halves[1].n_words) == (24, 12)


def test_a_context_model_of_a_folder(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lexicon(corpus, monkeypatch)
    texts = corpus.parent / "long.txt"
    texts.write_text("".join(f"Ауыл шетінде {n} бақ бар.\n" for n in range(330)), encoding="utf-8")
    script("train_context_model").main([str(texts)], corpus.parent / "made", None, corpus.parent, epochs=1, seed=1)
    assert "step 1: " in capsys.readouterr().out
    fits = ContextModel.load(corpus.parent / "made" / CONTEXT_FILE).fits("бақ", [(0, 3, "бақ"), (0, 3, "бар")])
    assert len(set(fits)) == 2
    assert not (corpus.parent / "made" / "context-run").exists()


def test_a_context_model_needs_text(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_lexicon(corpus, monkeypatch)
    with pytest.raises(typer.Exit):
        script("train_context_model").main([str(corpus)], corpus.parent / "made", None, corpus.parent, epochs=1, seed=1)
    assert "a step needs" in capsys.readouterr().out
