"""Where rendered pages go: pairs, beside them the pages that are hopeless. Work that was interrupted goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kzocr.channel.engines import EngineFailedError
from kzocr.channel.pages import TextSource, is_hopeless
from kzocr.json_files import read_json_object, write_json
from kzocr.replacing import replacing

FAILURES_THAT_STOP = 5
"""An engine that has failed at so many pages and read none is not set up as it should be."""


class PairFile:
    """What one engine has read: `path` for pairs, the same name with `.set_aside` for hopeless pages.

    A page at which the engine failed is hopeless too. Such pages are held back until the engine has read one: they are
    made again if there is something wrong with the engine.

    Attributes:
        path: the pairs.
        set_aside_path: the hopeless pages: pairs.jsonl -> pairs.set_aside.jsonl.
        texts_path: what each book was printed from, names and hashes: pairs.jsonl -> pairs.jsonl.texts.json.
        done: numbers of the pages of this book that either file has.
        n_usable: pairs that were added.
        n_set_aside: hopeless pages that were added.
        n_failed: those of them at which the engine failed.
    """

    def __init__(self, path: Path, cer_limit: float, seed: int, texts: Sequence[TextSource]) -> None:
        """Look up what is there.

        Args:
            path: need not be there.
            cer_limit: page CER over which a page is hopeless.
            seed: the book whose pages are counted.
            texts: what it is printed from.

        Raises:
            ValueError: the book's pages that are there were printed from other texts, or a line is no record; the
                message says file and line. A last line without its end, which an interrupted run leaves, is removed
                instead.
        """
        self.path = path
        self.set_aside_path = path.with_suffix(f".set_aside{path.suffix}")
        self.texts_path = path.with_name(path.name + ".texts.json")
        self._book = str(seed)
        self._texts = [{"name": text.name, "sha256": text.sha256} for text in texts]
        self.cer_limit = cer_limit
        self.done: set[int] = set()
        self.n_usable = self.n_set_aside = self.n_failed = 0
        for file in (self.path, self.set_aside_path):
            _remove_unfinished_line(file)
            for document_id in _document_ids(file):
                _, book, number = document_id.rsplit("-", 2)
                if int(book) == seed:
                    self.done.add(int(number))
        if self.done:
            self._check_texts()
        self._has_read = bool(self.done)
        self._held_back: list[Mapping[str, Any]] = []

    def add(self, record: Mapping[str, Any]) -> None:
        """Append `record` as a JSON line to the file where it belongs, unless its page is there.

        Raises:
            EngineFailedError: the engine has failed at all of its first pages.
        """
        if not record["failure"]:
            self._has_read = True
        self._held_back.append(record)
        if self._has_read:
            for one in self._held_back:
                self._write(one)
            self._held_back.clear()
        elif len(self._held_back) >= FAILURES_THAT_STOP:
            self.close()

    def close(self) -> None:
        """End the work.

        Raises:
            EngineFailedError: the engine has failed at every page; none of them is written.
        """
        if self._held_back:
            failure = self._held_back[-1]["failure"]
            raise EngineFailedError(f"the engine failed at all of its first {len(self._held_back)} pages: {failure}")

    def _write(self, record: Mapping[str, Any]) -> None:
        number = int(record["document_id"].rsplit("-", 1)[1])
        if number in self.done:
            return
        if not self.done:
            self._record_texts()
        hopeless = is_hopeless(record, self.cer_limit)
        with (self.set_aside_path if hopeless else self.path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.done.add(number)
        self.n_usable += not hopeless
        self.n_set_aside += hopeless
        self.n_failed += bool(record["failure"])

    def _check_texts(self) -> None:
        """Refuse other texts than those of the pages that are there; pages of older versions do not know theirs.

        Raises:
            ValueError: they are others; the message names them.
        """
        recorded = self._recorded_texts().get(self._book, self._texts)
        if recorded != self._texts:
            before, now = _named(recorded, self._texts), _named(self._texts, recorded)
            raise ValueError(
                f"{self.path}: its pages of seed {self._book} were printed from other texts ({self.texts_path}): "
                f"{f'{before} in the place of {now}' if before != now else 'these in another order'}; "
                "give the same texts in the same order, or another output or seed"
            )

    def _recorded_texts(self) -> dict[str, Any]:
        return read_json_object(self.texts_path) if self.texts_path.exists() else {}

    def _record_texts(self) -> None:
        """Record what the book's first page is printed from, at once, before the page is written."""
        with replacing(self.texts_path) as unfinished:
            write_json(unfinished, {**self._recorded_texts(), self._book: self._texts})


def _named(texts: Sequence[Mapping[str, str]], others: Sequence[Mapping[str, str]]) -> str:
    """Return the texts that are not among the others."""
    return ", ".join(f"{t['name']} ({t['sha256'][:12]})" for t in texts if t not in others) or "nothing"


def _remove_unfinished_line(path: Path) -> None:
    """Cut what stands behind the last line's end of a file that is there."""
    if not path.exists():
        return
    with path.open("rb+") as stream:
        content = stream.read()
        stream.truncate(content.rfind(b"\n") + 1)


def _document_ids(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield str(json.loads(line)["document_id"])
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise ValueError(f"{path}:{number}: not a record of rendered pages ({error})") from error
