"""The script that makes CuneiForm an engine, with a program of that name that prints what we want."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from places import ROOT

SCRIPT = ROOT / "scripts/read_with_cuneiform.py"
HOCR = """<html><head><meta charset='utf-8'></head><body>
<span class='ocr_line' title="bbox 1 2 3 4">К'ала  <i>ец1</i> &lt;
<span class='ocr_cinfo' title="x_bboxes 1 2 3 4"></span></span>
<span class='ocr_line'>су вЂ” келд1</span></body></html>"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.png"
    Image.new("L", (30, 20), 255).save(path)
    return path


def run(page: Path, program: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script with a `cuneiform` that is this Python program."""
    folder = page.parent / "bin"
    folder.mkdir()
    cuneiform = folder / "cuneiform"
    cuneiform.write_text(f"#!{sys.executable}\nimport sys\n{program}\n", encoding="utf-8")
    cuneiform.chmod(0o755)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    command = [sys.executable, str(SCRIPT), "rus", str(page), *options]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def test_each_line_of_the_page_is_a_line(page: Path) -> None:
    done = run(page, f"open(sys.argv[6], 'w').write({HOCR!r})")
    assert (done.returncode, done.stdout) == (0, "К'ала ец1 <\nсу — келд1\n")


def test_coarse_pages_are_enlarged(page: Path) -> None:
    program = "from PIL import Image\nprint(Image.open(sys.argv[-1]).size, file=sys.stderr)"
    assert "(60, 40)" in run(page, program, "--dpi", "150").stderr


def test_a_page_without_text_has_no_lines(page: Path) -> None:
    done = run(page, "sys.exit('PUMA_XFinalrecognition failed.')")
    assert (done.returncode, done.stdout) == (0, "")


def test_a_page_that_it_dies_of_has_no_lines(page: Path) -> None:
    done = run(page, "import os\nprint('Magick: abort', file=sys.stderr, flush=True)\nos.abort()")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Magick: abort" in done.stderr


def test_what_went_wrong_is_said(page: Path) -> None:
    done = run(page, "sys.exit('Unknown language rus.')")
    assert done.returncode == 1
    assert done.stderr == f"{page}: Unknown language rus.\n"


def test_a_missing_engine_says_what_to_install(page: Path) -> None:
    command = [sys.executable, str(SCRIPT), "rus", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(page.parent)})
    assert done.returncode == 1
    assert "apt-get install cuneiform" in done.stderr
