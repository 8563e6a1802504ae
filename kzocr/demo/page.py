"""The page of the demo: what its buttons do, and how it looks (Gradio, of the extra `demo`)."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kzocr.correction.guards import Guards
from kzocr.demo import marks
from kzocr.demo.languages import EXAMPLE, LANGUAGES, Words, preferred
from kzocr.formats import plain
from kzocr.formats.layout import LayoutFile
from kzocr.formats.recognise import DIALECTS, HEAD_BYTES, recognise

if TYPE_CHECKING:
    from kzocr.correction.passes import Correction
    from kzocr.corrector import Corrector
    from kzocr.lines.reflow import Layout

MAX_CHARS = 200_000
"""Longer texts are for the command line."""

KEPT_SECONDS = 3600
"""How long a file that may be downloaded stays."""

MISSING = 'the demo needs Gradio: pip install "kzocr[demo]"'


@dataclass(frozen=True)
class Loaded:
    """A file that was dropped on the page."""

    name: str
    file: plain.TextFile | LayoutFile

    def corrected(self, correction: Correction) -> tuple[str, bytes]:
        """Return name and content of the file with its text corrected: a layout file stays one."""
        path = Path(self.name)
        if isinstance(self.file, LayoutFile):
            return f"{path.stem}.corrected{path.suffix}", self.file.with_edits(correction.edits)
        text = plain.TextFile(correction.text, self.file.has_byte_order_mark)
        return f"{path.stem}.corrected.txt", plain.serialise(text)


@dataclass(frozen=True)
class Shown:
    """What the page shows after a correction.

    Attributes:
        status: HTML, a line about what was done.
        differences: HTML, the text with the changes marked.
        text: the corrected text.
        download: the file with it, or `None` if there is none.
    """

    status: str
    differences: str = ""
    text: str = ""
    download: Path | None = None


class Demo:
    """What the page does; it may be asked by several visitors at once, and corrects for one at a time.

    Args:
        corrector: corrects.
        max_chars: longer texts are refused with a message.
    """

    def __init__(self, corrector: Corrector, *, max_chars: int = MAX_CHARS) -> None:
        self.corrector = corrector
        self.max_chars = max_chars
        self._lock = threading.Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="kzocr-demo-")

    def load(self, path: str | None, language: str) -> tuple[Loaded | None, str, str]:
        """Return a dropped file, its text, and HTML about what is wrong with it (or nothing)."""
        if path is None:
            return None, "", ""
        words, name = LANGUAGES[language], Path(path).name
        problem = words.not_here
        try:
            data = Path(path).read_bytes()
            kind = recognise(data[:HEAD_BYTES], name)
            if kind not in DIALECTS and kind != "text":
                raise ValueError(f"{name}: {kind} is not corrected here")
            problem = words.broken if kind in DIALECTS else words.not_text
            file = LayoutFile.of(data, name, DIALECTS[kind]) if kind in DIALECTS else plain.parse(data, name=name)
        except (OSError, ValueError):
            return None, "", marks.problem(problem.format(name=name))
        return Loaded(name, file), file.text, ""

    def correct(self, text: str, loaded: Loaded | None, least: float, reflow: bool, language: str) -> Shown:
        """Return what to show for a text.

        Args:
            text: of the text field.
            loaded: the file that was dropped last; while the field shows its text, its format, line ends and byte
                order mark are kept.
            least: changes of a lower confidence are refused, 0 to 1.
            reflow: whether the lines of a paragraph are joined; those of a layout file never are.
            language: code of the page's language.
        """
        words = LANGUAGES[language]
        notes = []
        if loaded is None or _as_in_field(loaded.file.text) != _as_in_field(text):
            notes += [words.only_text] * (loaded is not None and isinstance(loaded.file, LayoutFile))
            loaded = Loaded("kzocr.txt", plain.TextFile(text))
        elif reflow and isinstance(loaded.file, LayoutFile):
            notes.append(words.lines_stay)
            reflow = False
        if not text.strip():
            return Shown(marks.problem(words.empty))
        if len(text) > self.max_chars:
            limit = f"{self.max_chars:,}".replace(",", " ")
            return Shown(marks.problem(words.too_long.format(n=f"{len(text):,}".replace(",", " "), limit=limit)))
        layout: Layout = "reflow" if reflow else "keep"
        with self._lock:
            # A lone change needs no more than others here: whoever sets the least confidence sees every change.
            self.corrector.guards = Guards(min_confidence=least, min_lone_confidence=least)
            correction = self.corrector.explain(loaded.file.text, layout=layout)
            download = self._written(*loaded.corrected(correction))
        differences = marks.legend(words) + marks.marked(correction, words)
        status = marks.summary(correction, words) + "".join(map(marks.note, notes))
        return Shown(status, differences, correction.text, download)

    def _written(self, name: str, data: bytes) -> Path:
        """Return a file of that name and content, for download; old ones are removed."""
        folder = Path(self._folder.name)
        for old in folder.iterdir():
            if old.stat().st_mtime < time.time() - KEPT_SECONDS:
                shutil.rmtree(old)
        path = Path(tempfile.mkdtemp(dir=folder)) / name
        path.write_bytes(data)
        return path


def _as_in_field(text: str) -> str:
    """Return `text` as a browser's text field gives it back: with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def launch_options() -> dict[str, Any]:
    """Return how the page is served: no words and no fonts from elsewhere."""
    import gradio as gr

    theme = gr.themes.Soft(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    return {
        "theme": theme,
        "css": marks.STYLE,
        "footer_links": [],
        "ssr_mode": False,
        "share": False,
        "max_file_size": "10mb",
        "quiet": True,
    }


def build(demo: Demo, *, language: str | None = None) -> Any:
    """Return the page as a `gradio.Blocks`, to be launched with `launch_options`.

    Args:
        demo: what it does.
        language: code of the language that it starts with; the browser's if it is not given.

    Raises:
        ModuleNotFoundError: Gradio is not installed; the message says how to get it.
        ValueError: there is no such language.
    """
    if language is not None and language not in LANGUAGES:
        raise ValueError(f"no language {language!r}: there are {', '.join(LANGUAGES)}")
    try:
        import gradio as gr
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(MISSING) from error
    start = language or next(iter(LANGUAGES))
    with gr.Blocks(title="kzocr", analytics_enabled=False, delete_cache=(KEPT_SECONDS, KEPT_SECONDS)) as page:
        fields = _Fields(gr, start)
        _connect(gr, page, fields, demo, language)
    return page


class _Fields:
    """The fields of the page, laid out, with the words of one language."""

    def __init__(self, gr: Any, language: str) -> None:
        words = LANGUAGES[language]
        self.loaded = gr.State(None)
        with gr.Row():
            with gr.Column(scale=2):
                self.head = gr.HTML(_head(words))
            with gr.Column(scale=1, min_width=360):
                choices = [(entry.name, code) for code, entry in LANGUAGES.items()]
                self.language = gr.Radio(choices, value=language, label=words.language, elem_id="language")
        with gr.Row(equal_height=False):
            with gr.Column():
                self.text = gr.Textbox(
                    label=words.input_label,
                    placeholder=words.input_placeholder,
                    lines=12,
                    max_lines=24,
                    elem_id="text",
                )
                self.file = gr.File(
                    label=words.file_label,
                    type="filepath",
                    height=110,
                    elem_id="file",
                    elem_classes="kzocr-drop",
                )
                self.least = gr.Slider(
                    0.0,
                    1.0,
                    value=Guards().min_confidence,
                    step=0.01,
                    label=words.confidence_label,
                    info=words.confidence_info,
                    buttons=[],
                    elem_id="least",
                )
                self.reflow = gr.Checkbox(False, label=words.reflow, elem_id="reflow")
                with gr.Row():
                    self.correct = gr.Button(words.correct, variant="primary", elem_id="correct")
                    self.example = gr.Button(words.example, elem_id="example")
                    self.clear = gr.Button(words.clear, elem_id="clear")
            with gr.Column():
                self.heading = gr.HTML(_heading(words))
                self.status = gr.HTML(elem_id="status")
                self.differences = gr.HTML(elem_id="differences")
                self.corrected = gr.Textbox(
                    label=words.corrected, lines=6, max_lines=24, interactive=False, elem_id="corrected"
                )
                self.download = gr.DownloadButton(words.download, interactive=False, elem_id="download")

    def named(self) -> list[Any]:
        """Return the fields with words, in the order of `_in_words`."""
        return [
            self.head,
            self.language,
            self.text,
            self.file,
            self.least,
            self.reflow,
            self.correct,
            self.example,
            self.clear,
            self.heading,
            self.corrected,
            self.download,
        ]

    def shown(self) -> list[Any]:
        """Return the fields with results, in the order of `_as_updates`."""
        return [self.status, self.differences, self.corrected, self.download]


def _head(words: Words) -> str:
    return f"<h1>{words.title}</h1><p>{words.intro}</p>"


def _heading(words: Words) -> str:
    return f"<h3>{words.differences}</h3>"


def _in_words(gr: Any, code: str) -> list[Any]:
    """Return the updates that put the page into a language."""
    words = LANGUAGES[code]
    return [
        _head(words),
        gr.update(label=words.language, value=code),
        gr.update(label=words.input_label, placeholder=words.input_placeholder),
        gr.update(label=words.file_label),
        gr.update(label=words.confidence_label, info=words.confidence_info),
        gr.update(label=words.reflow),
        gr.update(value=words.correct),
        gr.update(value=words.example),
        gr.update(value=words.clear),
        _heading(words),
        gr.update(label=words.corrected),
        gr.update(label=words.download),
    ]


def _as_updates(gr: Any, shown: Shown) -> list[Any]:
    """Return the updates that show a result."""
    download = gr.update(value=shown.download and str(shown.download), interactive=shown.download is not None)
    return [shown.status, shown.differences, shown.text, download]


def _connect(gr: Any, page: Any, fields: _Fields, demo: Demo, language: str | None) -> None:
    """Tie the fields to what they do."""
    asked = [fields.text, fields.loaded, fields.least, fields.reflow, fields.language]
    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    working = {**quiet, "concurrency_limit": 1, "concurrency_id": "model"}

    def correct(text: str, loaded: Loaded | None, least: float, reflow: bool, code: str) -> Iterator[list[Any]]:
        if text.strip():
            yield [marks.note(LANGUAGES[code].working), gr.skip(), gr.skip(), gr.skip()]
        yield _as_updates(gr, demo.correct(text, loaded, least, reflow, code))

    def again(text: str, loaded: Loaded | None, least: float, reflow: bool, code: str) -> Iterator[list[Any]]:
        """Correct once more after a setting was changed; not before there is a text."""
        if text.strip():
            yield from correct(text, loaded, least, reflow, code)
        else:
            yield [gr.skip()] * len(fields.shown())

    def load(path: str | None, code: str) -> list[Any]:
        loaded, text, message = demo.load(path, code)
        return [loaded, gr.update(value=text) if path else gr.skip(), message]

    def clear() -> list[Any]:
        return [None, "", None, *_as_updates(gr, Shown(""))]

    def greet(request: Any) -> list[Any]:
        return _in_words(gr, language or preferred(request.headers.get("accept-language")))

    greet.__annotations__["request"] = gr.Request  # Gradio goes by the type, and is not imported above
    page.load(greet, None, fields.named(), **quiet)
    changed = fields.language.input(lambda code: _in_words(gr, code), fields.language, fields.named(), **quiet)
    changed.then(again, asked, fields.shown(), **working)
    fields.correct.click(correct, asked, fields.shown(), **working)
    fields.example.click(lambda: (None, EXAMPLE), None, [fields.loaded, fields.text], **quiet).then(
        correct, asked, fields.shown(), **working
    )
    fields.file.change(load, [fields.file, fields.language], [fields.loaded, fields.text, fields.status], **quiet)
    fields.least.release(again, asked, fields.shown(), **working)
    fields.reflow.input(again, asked, fields.shown(), **working)
    fields.clear.click(clear, None, [fields.loaded, fields.text, fields.file, *fields.shown()], **quiet)
