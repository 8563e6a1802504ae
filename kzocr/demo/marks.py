"""A correction -> HTML: the text with what was changed in colour, and a line about it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from kzocr.demo.languages import Words

if TYPE_CHECKING:
    from kzocr.correction.passes import Correction
    from kzocr.edits import Edit

STYLE = """
.kzocr-text { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.65; min-height: 8rem;
  border: 1px solid var(--border-color-primary); border-radius: .5rem; padding: .75rem 1rem; }
.kzocr-text del, .kzocr-legend del { background: #ffd9d6; color: #a3160b; border-radius: 3px; padding: 0 2px;
  text-decoration: line-through #a3160b70 1px; }
.kzocr-text ins, .kzocr-legend ins { background: #c5efd2; color: #0b5a2c; border-radius: 3px; padding: 0 2px;
  text-decoration: underline #0b5a2c70 1px; }
.kzocr-legend { font-size: .875rem; margin: .4rem 0; } .kzocr-note { opacity: .75; font-size: .875rem; }
.kzocr-problem { color: #a3160b; font-weight: 600; }
.kzocr-drop { border: 2px dashed var(--border-color-primary) !important; } .kzocr-drop .wrap { visibility: hidden; }
footer { display: none !important; }
"""
"""Style of the page; Gradio's own words in the place for files are hidden, the label there says it all."""

_SPACE, _LINE_END = "␣", "⏎"


def marked(correction: Correction, words: Words) -> str:
    """Return the original with every change marked: `<del>` for what was there, `<ins>` for what came instead.

    Spaces and line ends that were removed or added are shown as signs. All text is escaped.
    """
    return f'<div class="kzocr-text">{"".join(_pieces(correction, words))}</div>'


def _pieces(correction: Correction, words: Words) -> Iterator[str]:
    position = 0
    for edit in correction.edits:
        yield escape(correction.original[position : edit.start])
        yield _edit(edit, words)
        position = edit.end
    yield escape(correction.original[position:])


def _edit(edit: Edit, words: Words) -> str:
    title = escape(words.edit_confidence.format(value=f"{edit.confidence:.2f}"), quote=True)
    before = f'<del title="{title}">{_visible(edit.before)}</del>' if edit.before else ""
    after = f'<ins title="{title}">{_visible(edit.after)}</ins>' if edit.after else ""
    return before + after


def _visible(text: str) -> str:
    """Return escaped text; white space that nobody would see stands as signs."""
    if text.strip():
        return escape(text)
    return escape(text.replace("\r\n", "\n").replace("\n", _LINE_END).replace(" ", _SPACE))


def legend(words: Words) -> str:
    """Return what the two colours mean."""
    return f'<div class="kzocr-legend"><del>{escape(words.removed)}</del> <ins>{escape(words.added)}</ins></div>'


def summary(correction: Correction, words: Words) -> str:
    """Return a line about how much was changed, and what was left as it was and why."""
    n_edits = len(correction.edits)
    parts = [escape(words.summary.format(n=n_edits) if n_edits else words.unchanged)]
    if correction.kept:
        reasons = ", ".join(f"{words.reasons[reason]} ({n})" for reason, n in sorted(correction.kept.items()))
        parts.append(f'<span class="kzocr-note">{escape(words.kept.format(reasons=reasons))}</span>')
    return f"<div>{' '.join(parts)}</div>"


def problem(message: str) -> str:
    """Return a message about what is wrong, escaped."""
    return f'<div class="kzocr-problem">{escape(message)}</div>'


def note(message: str) -> str:
    """Return a message about what goes on, escaped."""
    return f'<div class="kzocr-note">{escape(message)}</div>'
