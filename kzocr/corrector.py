"""`Corrector`: text in, corrected text out. Windows, batches, edits, and what was kept and why."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypedDict, overload

import torch

from kzocr.calibration import IDENTITY, Calibration
from kzocr.decoding import GuidedDecoder
from kzocr.edits import Edit, apply_edits, composed
from kzocr.encoding import n_bytes
from kzocr.guards import Guards
from kzocr.hyphens import Vocabulary, hyphen_odds
from kzocr.inputs import check_layout, check_texts, checked
from kzocr.loading import load_calibration, load_model, load_spelling
from kzocr.outputs import Decoder, OutputCache
from kzocr.proposals import propose
from kzocr.reflow import Flow, Layout, reflow
from kzocr.respelling import LexiconDecoder
from kzocr.text import has_kazakh_or_russian
from kzocr.views import Output, View, view
from kzocr.windows import CONTEXT_BYTES, CORE_BYTES, Window, windows

BATCH_BYTES = 8192
GROUP_BATCHES = 8
"""Windows of so many batches are sorted by length and decoded before the text goes on: memory stays flat."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Correction:
    """What `Corrector.explain` can tell beyond the corrected text.

    Attributes:
        text: the corrected text.
        original: the text that was given; `apply_edits(original, edits) == text`.
        edits: the changes from left to right, offsets in characters of `original`.
        kept: how often the corrector declined, by reason (`kzocr.guards.WINDOW_REASONS` count windows,
            `EDIT_REASONS` count edits); reasons that did not occur are absent. Of several passes it is the last.
        n_windows: windows that the text was cut into.
        n_model_windows: those among them that have a Kazakh or Russian letter and were shown to the model.
    """

    text: str
    original: str
    edits: tuple[Edit, ...]
    kept: Mapping[str, int]
    n_windows: int
    n_model_windows: int


class _Source(TypedDict):
    """Where a corrector's decoder came from."""

    name_or_path: str | None
    revision: str | None
    device: str
    dtype: str
    use_lexicon: bool


_EMPTY_VIEW = view("")


@dataclass(slots=True)
class _Job:
    """One window on its way through the model; the last job of a text has no window."""

    text: str
    window: Window | None
    view: View = _EMPTY_VIEW
    edits: list[Edit] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def needs_model(self) -> bool:
        return has_kazakh_or_russian(self.view.text)


class Corrector:
    """Corrects OCR text with a model, and keeps the text where a guard says so.

    Objects can be used from several threads (the model works for one at a time) and pickled: one that was
    made by `from_pretrained` then loads its model anew.

    Args:
        decoder: the model.
        batch_bytes: bytes of text that the model sees at once; memory grows with it.
        guards: the thresholds of what is declined.
        core_bytes: see `kzocr.windows.windows`.
        context_bytes: see `kzocr.windows.windows`.
        calibration: turns the model's probabilities into confidences; without it they are the same.
        max_passes: how often a text is corrected at most: a text that changed is looked at again, since what the
            model reads beside a mended word has changed too. Windows that stayed are not decoded again.
    """

    def __init__(
        self,
        decoder: Decoder,
        *,
        batch_bytes: int = BATCH_BYTES,
        guards: Guards | None = None,
        core_bytes: int = CORE_BYTES,
        context_bytes: int = CONTEXT_BYTES,
        calibration: Calibration = IDENTITY,
        max_passes: int = 1,
    ) -> None:
        if batch_bytes < 1:
            raise ValueError(f"batch_bytes must be positive, not {batch_bytes}")
        if max_passes < 1:
            raise ValueError(f"max_passes must be positive, not {max_passes}")
        self.decoder = decoder
        self.batch_bytes = batch_bytes
        self.guards = guards or Guards()
        self.core_bytes = core_bytes
        self.context_bytes = context_bytes
        self.calibration = calibration
        self.max_passes = max_passes
        self._source: _Source | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path | None = None,
        *,
        revision: str | None = None,
        device: str | torch.device = "auto",
        dtype: str | torch.dtype = "auto",
        batch_bytes: int = BATCH_BYTES,
        guards: Guards | None = None,
        max_passes: int = 1,
        use_lexicon: bool = True,
    ) -> Corrector:
        """Return a corrector with the model of a folder or of the Hugging Face Hub.

        A `calibration.json` beside the model is used for the confidences, a `spelling.json` for a second look at
        words that its lexicon does not know (`kzocr.respelling`).

        Args:
            name_or_path: a folder, `user/name` on the Hub, the name of a published model (`kzocr/published.json`),
                or `None` or "embedded" for the model that comes with the package.
            revision: branch, tag or commit on the Hub; a published model is pinned to a commit without it.
            device: "cpu", "cuda", ...; "auto" takes a CUDA device if there is one.
            dtype: "float32", "bfloat16", ...; "auto" is bfloat16 on CUDA and float32 elsewhere.
            batch_bytes: see the class.
            guards: see the class.
            max_passes: see the class.
            use_lexicon: whether unknown words get the second look, where the model has one.

        Raises:
            FileNotFoundError: no such folder, or no weights in it.
            ValueError: no such name, pickled weights, another architecture or vocabulary; the message says which.
            OSError: the Hub cannot be reached or has no such model; the message says what to do.
        """
        source: _Source = {
            "name_or_path": None if name_or_path is None else str(name_or_path),
            "revision": revision,
            "device": str(device),
            "dtype": str(dtype).removeprefix("torch."),
            "use_lexicon": use_lexicon,
        }
        corrector = cls(
            _load_decoder(source),
            batch_bytes=batch_bytes,
            guards=guards,
            calibration=load_calibration(source["name_or_path"], revision=revision) or IDENTITY,
            max_passes=max_passes,
        )
        corrector._source = source
        return corrector

    def __getstate__(self) -> dict[str, object]:
        state = {name: value for name, value in vars(self).items() if name != "_lock"}
        if self._source is not None:
            del state["decoder"]
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._lock = threading.Lock()
        if self._source is not None:
            self.decoder = _load_decoder(self._source)

    @overload
    def correct(self, text: str, *, layout: Layout = "keep", on_progress: Progress | None = None) -> str: ...
    @overload
    def correct(
        self, text: list[str] | tuple[str, ...], *, layout: Layout = "keep", on_progress: Progress | None = None
    ) -> list[str]: ...
    def correct(
        self, text: str | list[str] | tuple[str, ...], *, layout: Layout = "keep", on_progress: Progress | None = None
    ) -> str | list[str]:
        """Return the corrected text for a string, the list of corrected texts for a list.

        Args:
            text: a string of any length, or a list of strings; a list gives what the single strings would.
            layout: "keep" leaves every line as it is; "reflow" first joins the lines of each paragraph and the
                words that a line end divides, and then corrects (`kzocr.reflow`).
            on_progress: called now and then with the number of characters done and the number of all.

        Raises:
            TypeError: something else was given; the message says what, and where in the list.
            ValueError: an unknown layout.
        """
        texts = check_texts(text)
        cache = self._cache()
        flowing = [self._flow(item, layout, cache).text for item in texts]
        corrected = list(self._texts(flowing, cache, on_progress, sum(map(len, flowing))))
        return corrected[0] if isinstance(text, str) else corrected

    def correct_stream(self, texts: Iterable[str], *, layout: Layout = "keep") -> Iterator[str]:
        """Yield the corrected texts one by one; `texts` may be endless, it is read a little ahead.

        Raises:
            TypeError: an item is no string.
            ValueError: an unknown layout.
        """
        if isinstance(texts, (str, bytes)):
            raise TypeError(f"correct_stream() takes an iterable of str, not {type(texts).__name__}")
        check_layout(layout)
        cache = self._cache()
        return self._texts((self._flow(item, layout, cache).text for item in checked(texts)), cache)

    @overload
    def explain(self, text: str, *, layout: Layout = "keep", on_progress: Progress | None = None) -> Correction: ...
    @overload
    def explain(
        self, text: list[str] | tuple[str, ...], *, layout: Layout = "keep", on_progress: Progress | None = None
    ) -> list[Correction]: ...
    def explain(
        self, text: str | list[str] | tuple[str, ...], *, layout: Layout = "keep", on_progress: Progress | None = None
    ) -> Correction | list[Correction]:
        """Return the corrected text with its edits and with what was kept and why; a list of them for a list.

        Args:
            text: a string of any length, or a list of strings.
            layout: as for `correct`; the edits are those of `text` in any case, a removed line end is one too.
            on_progress: as for `correct`.

        Raises:
            TypeError: something else was given.
            ValueError: an unknown layout.
        """
        texts = check_texts(text, "explain")
        cache = self._cache()
        flows = [self._flow(item, layout, cache) for item in texts]
        n_all_chars = sum(len(flow.text) for flow in flows)
        found = list(self._explanations([flow.text for flow in flows], cache, on_progress, n_all_chars))
        corrections = [
            _after(Correction(flow.text, item, flow.edits, {}, 0, 0), correction) if flow.edits else correction
            for item, flow, correction in zip(texts, flows, found, strict=True)
        ]
        changing = [i for i, correction in enumerate(found) if correction.edits]
        for _ in range(1, self.max_passes):
            again = list(self._explanations([corrections[i].text for i in changing], cache))
            for i, correction in zip(changing, again, strict=True):
                corrections[i] = _after(corrections[i], correction)
            changing = [i for i, correction in zip(changing, again, strict=True) if correction.edits]
        return corrections[0] if isinstance(text, str) else corrections

    def _explanations(
        self, texts: Sequence[str], cache: OutputCache, on_progress: Progress | None = None, n_all_chars: int = 0
    ) -> Iterator[Correction]:
        """Yield what one pass does to each text."""
        edits: list[Edit] = []
        kept: Counter[str] = Counter()
        n_windows = n_model_windows = n_done_chars = 0
        for job in self._jobs(texts, cache):
            if job.window is None:
                corrected = apply_edits(job.text, edits)
                yield Correction(corrected, job.text, tuple(edits), dict(kept), n_windows, n_model_windows)
                edits, kept, n_windows, n_model_windows = [], Counter(), 0, 0
                continue
            edits += job.edits
            kept += job.kept
            n_windows += 1
            n_model_windows += job.needs_model
            n_done_chars += job.window.core_end - job.window.core_start
            if on_progress is not None:
                on_progress(n_done_chars, n_all_chars)

    def _cache(self) -> OutputCache:
        return OutputCache(self.decoder, self.batch_bytes, self._lock)

    def _flow(self, text: str, layout: Layout, cache: OutputCache) -> Flow:
        """Return the text that is to be corrected: its paragraphs joined if the layout says so."""
        check_layout(layout)
        if layout == "keep":
            return Flow(text, ())
        return reflow(text, lambda words: hyphen_odds(words, Vocabulary(text), cache.outputs))

    def _texts(
        self, texts: Iterable[str], cache: OutputCache, on_progress: Progress | None = None, n_all_chars: int = 0
    ) -> Iterator[str]:
        corrected = self._pass(texts, cache, on_progress, n_all_chars)
        for _ in range(1, self.max_passes):
            corrected = self._pass(corrected, cache)
        return corrected

    def _pass(
        self, texts: Iterable[str], cache: OutputCache, on_progress: Progress | None = None, n_all_chars: int = 0
    ) -> Iterator[str]:
        parts: list[str] = []
        position = n_done_chars = 0
        for job in self._jobs(texts, cache):
            for edit in job.edits:
                parts += [job.text[position : edit.start], edit.after]
                position = edit.end
            if job.window is None:
                parts.append(job.text[position:])
                yield "".join(parts)
                parts, position = [], 0
                continue
            # What the edits left alone is copied window by window: a book without edits is no problem either.
            if position < job.window.core_end:
                parts.append(job.text[position : job.window.core_end])
                position = job.window.core_end
            n_done_chars += job.window.core_end - job.window.core_start
            if on_progress is not None:
                on_progress(n_done_chars, n_all_chars)

    def _jobs(self, texts: Iterable[str], cache: OutputCache) -> Iterator[_Job]:
        """Yield the windows of all texts in order, each with its edits in characters of its text."""
        last_end = -1
        for group in self._groups(texts):
            outputs = cache.outputs(job.view.text for job in group if job.needs_model)
            for job in group:
                if job.window is None:
                    last_end = -1
                else:
                    last_end = self._add_edits(job, job.window, outputs.get(job.view.text), last_end)
                yield job

    def _groups(self, texts: Iterable[str]) -> Iterator[list[_Job]]:
        """Yield as many windows at a time as are worth sorting into batches."""
        group: list[_Job] = []
        group_bytes = 0
        for text in texts:
            for window in windows(text, core_bytes=self.core_bytes, context_bytes=self.context_bytes):
                group.append(_Job(text, window, view(window.text)))
                group_bytes += n_bytes(window.text)
                if group_bytes >= GROUP_BATCHES * self.batch_bytes:
                    yield group
                    group, group_bytes = [], 0
            group.append(_Job(text, None))
            group_bytes += 1
        yield group

    def _add_edits(self, job: _Job, window: Window, output: Output | None, last_end: int) -> int:
        """Give `job` the edits that begin in its core and return where the last one ends.

        Args:
            job: a window's job.
            window: its window.
            output: what the model printed for it.
            last_end: where the last edit of the windows before ends, in characters of the text; -1 for none.
        """
        proposal = propose(window.text, job.view, output, self.guards, self.calibration)
        is_last = window.core_end == len(job.text)

        def is_own(position: int) -> bool:
            place = position + window.start
            return window.core_start <= place and (place < window.core_end or is_last)

        if proposal.kept is not None:
            job.kept[proposal.kept] += 1
        job.kept.update(reason for position, reason in proposal.refused if is_own(position))
        for edit in filter(lambda edit: is_own(edit.start), proposal.edits):
            start, end = edit.start + window.start, edit.end + window.start
            if start < last_end or (start == last_end and not _may_adjoin(edit)):
                job.kept["overlap"] += 1
                continue
            job.edits.append(Edit(start, end, edit.before, edit.after, edit.confidence))
            last_end = end
        return last_end


def _after(first: Correction, second: Correction) -> Correction:
    """Return the correction that `first` and then `second`, which began with its text, are together."""
    edits = composed(first.original, first.edits, second.edits)
    n_windows, n_model_windows = first.n_windows or second.n_windows, first.n_model_windows or second.n_model_windows
    return Correction(second.text, first.original, tuple(edits), second.kept, n_windows, n_model_windows)


def _may_adjoin(edit: Edit) -> bool:
    """Return whether the edit replaces visible characters by visible ones, whatever stands before it."""
    sides = (edit.before[:1], edit.before[-1:], edit.after[:1], edit.after[-1:])
    return all(side and not side.isspace() for side in sides)


def _load_decoder(source: _Source) -> Decoder:
    """Return the model of `source`, with its lexicon where there is one."""
    name, revision = source["name_or_path"], source["revision"]
    decoder = GuidedDecoder(load_model(name, revision=revision, device=source["device"], dtype=source["dtype"]))
    found = load_spelling(name, revision=revision) if source["use_lexicon"] else None
    return decoder if found is None else LexiconDecoder(decoder, *found)


@lru_cache(maxsize=1)
def embedded() -> Corrector:
    """Return the corrector with the model that comes with the package; it is loaded once."""
    return Corrector.from_pretrained()
