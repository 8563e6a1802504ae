"""`Corrector`: text in, corrected text out, once and for all; a model with its guards behind one call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TypedDict, overload

import torch

from kzocr.confidence.edit_features import NO_BACKGROUND, Background
from kzocr.confidence.model import IDENTITY, Calibration
from kzocr.correction.guards import Guards
from kzocr.correction.inputs import check_layout, check_texts, checked
from kzocr.correction.passes import GROUP_BATCHES, Correction, Pass, settled
from kzocr.decoding import GuidedDecoder
from kzocr.edits import composed
from kzocr.inference.outputs import Decoder, OutputCache
from kzocr.inference.recollection import Recollection
from kzocr.language.skeletons import Skeletons
from kzocr.lines.hyphens import Vocabulary, hyphen_odds
from kzocr.lines.reflow import Flow, Layout, reflow
from kzocr.models.loading import load_calibration, load_model, load_spelling
from kzocr.preparation.steps import NO_PREPARATION, Knowledge, Preparation
from kzocr.spelling.examining import LexiconDecoder
from kzocr.spelling.respelling import Respeller
from kzocr.windows import CONTEXT_BYTES, CORE_BYTES

BATCH_BYTES = 8192
MAX_PASSES = 12
"""Pages that an engine for Russian has read come to rest after three or four passes."""

Progress = Callable[[int, int], None]


class _Source(TypedDict):
    """Where a corrector's decoder came from."""

    name_or_path: str | None
    revision: str | None
    device: str
    dtype: str
    use_lexicon: bool


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
        max_passes: how often a text is looked at, at most. What the model reads beside a mended word has changed, so
            a text that changed is looked at again, until a pass leaves it as it is: then
            `correct(correct(text)) == correct(text)`. Windows that stayed are not decoded again, and a text without
            edits is looked at once. With 1 this is not sought.
        respeller: decides about the words of the model's output that the decoder says are in doubt.
        preparation: what is done to a text before the model sees it (`kzocr.preparation.steps`).
        background: what the calibration weighs edits with, whatever the document.
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
        max_passes: int = MAX_PASSES,
        respeller: Respeller | None = None,
        preparation: Preparation = NO_PREPARATION,
        background: Background = NO_BACKGROUND,
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
        self.respeller = respeller
        self.preparation = preparation
        self.background = background
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
        max_passes: int = MAX_PASSES,
        use_lexicon: bool = True,
    ) -> Corrector:
        """Return a corrector with the model of a folder or of the Hugging Face Hub.

        A `calibration.json` beside the model is used for the confidences, a `spelling.json` for a second look at
        words that its lexicon does not know (`kzocr.spelling.respelling`).

        Args:
            name_or_path: a folder, `user/name` on the Hub, the name of a published model (`kzocr.models.names`),
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
        decoder, respeller, preparation, background = _load(source)
        corrector = cls(
            decoder,
            batch_bytes=batch_bytes,
            guards=guards,
            calibration=load_calibration(source["name_or_path"], revision=revision) or IDENTITY,
            max_passes=max_passes,
            respeller=respeller,
            preparation=preparation,
            background=background,
        )
        corrector._source = source
        return corrector

    def __getstate__(self) -> dict[str, object]:
        state = {name: value for name, value in vars(self).items() if name != "_lock"}
        if self._source is not None:
            for name in ("decoder", "respeller", "preparation", "background"):
                del state[name]
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._lock = threading.Lock()
        if self._source is not None:
            self.decoder, self.respeller, self.preparation, self.background = _load(self._source)

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
                words that a line end divides, and then corrects (`kzocr.lines.reflow`).
            on_progress: called now and then with the number of characters done and the number of all.

        Raises:
            TypeError: something else was given; the message says what, and where in the list.
            ValueError: an unknown layout.
        """
        flows = list(self._flows(check_texts(text), layout, cache := self._cache()))
        corrected = [correction.text for correction in self._corrections(flows, cache, _counter(flows, on_progress))]
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
        flows = self._flows(checked(texts), layout, cache := self._cache())
        return (correction.text for correction in self._corrections(flows, cache))

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
        flows = list(self._flows(check_texts(text, "explain"), layout, cache := self._cache()))
        corrections = list(self._corrections(flows, cache, _counter(flows, on_progress)))
        return corrections[0] if isinstance(text, str) else corrections

    def _cache(self) -> OutputCache:
        return OutputCache(self.decoder, self.batch_bytes, self._lock)

    def _flows(self, texts: Iterable[str], layout: Layout, cache: OutputCache) -> Iterator[tuple[str, Flow]]:
        """Yield each text and what is to be corrected: its paragraphs joined if the layout says so."""
        for text in texts:
            check_layout(layout)
            if layout == "keep":
                yield text, Flow(text, ())
            else:
                vocabulary = Vocabulary(text)
                yield text, reflow(text, partial(hyphen_odds, vocabulary=vocabulary, outputs=cache.outputs))

    def _corrections(
        self, flows: Iterable[tuple[str, Flow]], cache: OutputCache, on_chars: Callable[[int], None] | None = None
    ) -> Iterator[Correction]:
        """Yield what is done to each text, its layout included; as many texts at a time as fill the batches."""
        group_bytes = GROUP_BATCHES * self.batch_bytes
        once = Pass(
            cache,
            self.guards,
            self.calibration,
            self.respeller,
            self.preparation,
            self.background,
            group_bytes=group_bytes,
            core_bytes=self.core_bytes,
            context_bytes=self.context_bytes,
        )
        for group in _groups(flows, group_bytes):
            texts = [flow.text for _, flow in group]
            found = settled(texts, once, max_passes=self.max_passes, on_chars=on_chars)
            yield from map(_laid_out, group, found)


def _groups(flows: Iterable[tuple[str, Flow]], group_bytes: int) -> Iterator[list[tuple[str, Flow]]]:
    """Yield texts together until they have about `group_bytes`."""
    group: list[tuple[str, Flow]] = []
    group_chars = 0
    for item in flows:
        group.append(item)
        group_chars += len(item[0]) + 1
        if 2 * group_chars >= group_bytes:
            yield group
            group, group_chars = [], 0
    yield group


def _laid_out(item: tuple[str, Flow], correction: Correction) -> Correction:
    """Return the correction of a text whose lines were joined first."""
    original, flow = item
    if not flow.edits:
        return correction
    return replace(correction, original=original, edits=tuple(composed(original, flow.edits, correction.edits)))


def _counter(flows: Sequence[tuple[str, Flow]], on_progress: Progress | None) -> Callable[[int], None] | None:
    """Return a function that adds up characters and tells of them."""
    if on_progress is None:
        return None
    n_all_chars = sum(len(flow.text) for _, flow in flows)
    n_done_chars = 0

    def add(n_chars: int) -> None:
        nonlocal n_done_chars
        n_done_chars += n_chars
        on_progress(n_done_chars, n_all_chars)

    return add


def _load(source: _Source) -> tuple[Decoder, Respeller | None, Preparation, Background]:
    """Return the model of `source`; what decides about words in doubt, prepares texts, and weighs edits.

    A model without a lexicon has nothing of the latter.
    """
    name, revision = source["name_or_path"], source["revision"]
    model = load_model(name, revision=revision, device=source["device"], dtype=source["dtype"])
    found = load_spelling(name, revision=revision) if source["use_lexicon"] else None
    if found is None:
        return GuidedDecoder(model, memory=Recollection()), None, NO_PREPARATION, NO_BACKGROUND
    lexicon, spelling, text_model, context_model = found
    decoder = GuidedDecoder(model, memory=Recollection(Skeletons(lexicon)))
    examining = LexiconDecoder(decoder, lexicon, spelling.usual, text_model, context_model)
    background = Background(lexicon, context_model.fits, text_model, spelling.usual)
    preparation = Preparation(Knowledge(text_model, lexicon.__contains__))
    return examining, Respeller(lexicon, spelling), preparation, background


_embedding = threading.Lock()


def embedded() -> Corrector:
    """Return the corrector with the model that comes with the package; it is loaded once, however many threads ask."""
    with _embedding:
        return _embedded()


@lru_cache(maxsize=1)
def _embedded() -> Corrector:
    return Corrector.from_pretrained()
