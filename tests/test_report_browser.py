"""The report in a real browser: laid out, nothing fetched, nothing wider than the window."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kzocr.evaluation import evaluate
from kzocr.report import to_html
from toy_reports import PAIRS, mend

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
MEASURE = """<script>
addEventListener("load", () => {
  const box = (s) => document.querySelector(s).getBoundingClientRect();
  const strong = getComputedStyle(document.querySelector("mark.mended")).backgroundColor;
  const facts = {
    overflow: document.documentElement.scrollWidth - innerWidth,
    loaded: performance.getEntriesByType("resource").length,
    sides: box(".sides > div + div").left - box(".sides > div").right,
    bar: document.querySelector(".bar").getBoundingClientRect().height,
    heat: document.querySelectorAll("table.heat").length,
    mended: strong === getComputedStyle(document.body).backgroundColor ? 0 : 1,
  };
  document.body.dataset.facts = Object.entries(facts).map(([k, v]) => `${k}=${v}`).join(";");
});
</script>"""


def run(page: Path, *options: str, width: int = 1300) -> str:
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={page.parent / 'profile'}", f"--window-size={width},1600"]
    done = subprocess.run([*command, *options, page.as_uri()], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def page(tmp_path: Path) -> Path:
    reports = [evaluate(c, PAIRS, clean_lines=["Жол."], name=n, n_resamples=20) for n, c in (("mend", mend),)]
    path = tmp_path / "report.html"
    path.write_text(to_html(reports).replace("</head>", MEASURE + "</head>"), encoding="utf-8")
    return path


def test_page_is_laid_out(page: Path) -> None:
    found = re.search('data-facts="([^"]+)"', run(page, "--dump-dom"))
    assert found
    facts = {name: float(value) for name, value in (fact.split("=") for fact in found[1].split(";"))}
    assert facts["overflow"] <= 0, "the page is wider than the window"
    assert facts["loaded"] == 0, "the page fetched something"
    assert facts["sides"] > 0, "read and corrected stand side by side"
    assert facts["bar"] > 0
    assert facts["heat"] == 2
    assert facts["mended"] == 1


def test_screenshot_is_no_blank_sheet(page: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    run(page, f"--screenshot={page.parent / 'page.png'}")
    with image.open(page.parent / "page.png") as picture:
        assert picture.size == (1300, 1600)
        assert len(picture.convert("RGB").getcolors(1 << 24)) > 100
