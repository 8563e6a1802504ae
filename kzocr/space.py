"""The demo, this package and a model -> the folder of a Hugging Face Space, which needs nothing else.

A Space installs `requirements.txt` before it sees the other files, and this package may not be on PyPI: so its
source lies in the folder, with the published model in the place of the embedded one, and only what it depends on
is installed, in the versions that are installed here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import yaml

from kzocr import __version__
from kzocr.demo.languages import ENGLISH, KAZAKH, RUSSIAN
from kzocr.hub import CARD_NAME, CHECK_TEXT, HubError, check_model, copy_model, files_of, make_empty

PACKAGE = Path(__file__).parent
_NOT_COPIED = shutil.ignore_patterns("__pycache__", "weights", "*.pyc", "published.json")

_APP = '''"""The demo of kzocr as a Space; made by scripts/publish.py --space."""

from kzocr.corrector import Corrector
from kzocr.demo.page import Demo, build, launch_options

demo = Demo(Corrector.from_pretrained())
page = build(demo)

if __name__ == "__main__":
    page.launch(**launch_options())
'''

_PROBE = """
import sys
sys.path.insert(0, "")
import app, kzocr
assert kzocr.__file__.startswith(sys.argv[1]), kzocr.__file__
print(app.demo.correct(sys.argv[2], None, 0.5, False, "en").text)
"""


def assemble_space(model_folder: Path, target: Path, *, repo: str) -> list[Path]:
    """Fill the folder `target` with a Space and return its files, relative, sorted.

    Args:
        model_folder: the model that the Space corrects with.
        target: is created, and must be empty.
        repo: `user/name` of the Space on the Hub.

    Raises:
        HubError: a file of the model is missing, `target` is not empty, or Gradio is not installed.
    """
    check_model(model_folder)
    pinned = requirements()
    make_empty(target)
    shutil.copytree(PACKAGE, target / "kzocr", ignore=_NOT_COPIED)
    (target / "kzocr" / "models" / "published.json").write_text("{}\n", encoding="utf-8")
    (target / "kzocr" / "weights").mkdir()
    copy_model(model_folder, target / "kzocr" / "weights")
    (target / "app.py").write_text(_APP, encoding="utf-8")
    (target / "requirements.txt").write_text("\n".join(pinned) + "\n", encoding="utf-8")
    (target / CARD_NAME).write_text(_readme(model_folder, repo), encoding="utf-8")
    return files_of(target)


def requirements() -> list[str]:
    """Return the lines of a Space's `requirements.txt`: what this package needs, as it is installed here.

    torch comes from its index of CPU builds, which are a tenth of the size. Gradio is not in it: the Space has it,
    in the version that its front matter names.

    Raises:
        HubError: a package is not installed, so that no version is known to work.
    """
    names = [re.split(r"[^\w.-]", line)[0] for line in requires("kzocr") or () if "extra ==" not in line]
    return [
        "--extra-index-url https://download.pytorch.org/whl/cpu",
        *(f"{name}=={_installed(name)}" for name in sorted(names, key=str.lower)),
    ]


def _installed(name: str) -> str:
    """Return the version of an installed package, without the mark of a local build."""
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError as error:
        raise HubError(f'{name} is not installed: pip install "kzocr[demo]"') from error


def _readme(model_folder: Path, repo: str) -> str:
    """Return the Space's page: the front matter that the Hub reads, and a line in each language."""
    metadata = json.loads((model_folder / "training.json").read_text(encoding="utf-8"))
    front = {
        "title": repo.split("/")[-1],
        "emoji": "📜",
        "colorFrom": "blue",
        "colorTo": "yellow",
        "sdk": "gradio",
        "sdk_version": _installed("gradio"),
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "app_file": "app.py",
        "pinned": False,
        "license": "apache-2.0",
        "short_description": ENGLISH.title,
    }
    lines = "\n\n".join(f"**{words.title}.** {words.intro}" for words in (KAZAKH, RUSSIAN, ENGLISH))
    about = f"kzocr {__version__} with the model `{metadata['config']['name']}`."
    return f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False)}---\n\n{lines}\n\n{about}\n"


def check_space(folder: Path, text: str = CHECK_TEXT) -> str:
    """Return what the Space's app makes of `text`, in a fresh process that has this package from the folder alone.

    Raises:
        HubError: it does not start; the message has the last line of what it said.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["GRADIO_ANALYTICS_ENABLED"] = "False"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-c", _PROBE, str(folder.resolve()), text]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise HubError(f"{folder}: the Space's app does not start: {reason}")
    return done.stdout.rstrip("\n")
