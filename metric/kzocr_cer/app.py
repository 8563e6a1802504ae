"""The metric as a page (a Space of the Hub, or `python app.py`): texts in, one a line, and their error rates out."""

from __future__ import annotations

import gradio

from kzocr.evaluate_metric import scores


def compute(references: str, predictions: str) -> dict[str, float]:
    """Return the error rates of texts, one a line; as many lines are needed on both sides.

    Raises:
        gradio.Error: the numbers of lines differ; the page shows the message.
    """
    try:
        return scores(references=references.splitlines(), predictions=predictions.splitlines())
    except ValueError as error:
        raise gradio.Error(str(error)) from error


def page() -> gradio.Interface:
    """Return the page, with an example in its fields."""
    return gradio.Interface(
        compute,
        [
            gradio.Textbox("сәлем\nОн бала келді.", label="references: what was printed, a text a line", lines=5),
            gradio.Textbox("салем\nОн бала кедді.", label="predictions: what is judged, a text a line", lines=5),
        ],
        gradio.JSON(label="error rates, pooled, as fractions"),
        title="kzocr CER",
        description="Character and word error rates of OCR text, strict and with case and punctuation ignored.",
        flagging_mode="never",
    )


if __name__ == "__main__":
    page().launch()
