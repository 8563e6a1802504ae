"""OCR engines: image in, text out. Tesseract is built in; anything with `name` and `read` plugs in."""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

READ_SECONDS = 120.0
"""For a page: an engine that takes longer is ended."""

COMMAND = "cmd:"
"""Begins the name of an engine that is any program."""


class Engine(Protocol):
    """What `rendering` asks of an OCR engine."""

    @property
    def name(self) -> str:
        """Name, version and model, as records state it: "tesseract-5-kaz"."""
        ...

    def read(self, image: Image.Image, dpi: int) -> str:
        """Return the text of a page image, one printed line a line."""
        ...


class EngineMissingError(RuntimeError):
    """The engine or its language is not installed; the message says what to install."""


class EngineFailedError(RuntimeError):
    """The engine ended with an error; the message names it and holds what it said."""


class EngineTimeoutError(EngineFailedError):
    """The engine did not come to an end with a page in `READ_SECONDS`; the message names it."""


@dataclass(frozen=True)
class Tesseract:
    """Tesseract through its command line, on one thread; `language` as `-l` takes it: kaz, rus, kaz+rus."""

    language: str = "kaz"
    version: str = "5"

    @property
    def name(self) -> str:
        """For example "tesseract-5-kaz"."""
        return f"tesseract-{self.version}-{self.language}"

    @classmethod
    def installed(cls, language: str = "kaz") -> Tesseract:
        """Return the installed Tesseract with `language`.

        Raises:
            EngineMissingError: the program or one of its languages is not there.
        """
        wanted = language.split("+")
        packages = " ".join(["tesseract-ocr", *(f"tesseract-ocr-{part.replace('_', '-')}" for part in wanted)])
        install = f"on Debian: apt-get install {packages}"
        program = shutil.which("tesseract")
        if program is None:
            raise EngineMissingError(f"the OCR engine Tesseract is not installed; {install}")
        listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=True)
        absent = sorted(set(wanted) - set(listed.stdout.split()))
        if absent:
            raise EngineMissingError(f"Tesseract has no language {', '.join(absent)}; {install}")
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        return cls(language, version.stdout.split()[1].split(".")[0])

    def read(self, image: Image.Image, dpi: int) -> str:
        """Return the text of `image` (page segmentation 3: automatic), one printed line a line.

        Raises:
            EngineFailedError: Tesseract failed; the message holds what it said.
            EngineTimeoutError: it took more than `READ_SECONDS`.
        """
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        words = ["tesseract", "stdin", "stdout", "-l", self.language, "--dpi", str(dpi)]
        return _printed(self.name, words, buffer.getvalue(), {**os.environ, "OMP_THREAD_LIMIT": "1"})


@dataclass(frozen=True)
class CommandEngine:
    """Any program that reads a page: a PNG file in, its text on the standard output, one printed line a line.

    Attributes:
        command: the program and its arguments, as a shell would split them; `{image}` stands for the PNG file and
            `{dpi}` for its resolution. Without `{image}` the file's bytes go to the standard input.
        name: how records state it.
    """

    command: str
    name: str

    @classmethod
    def installed(cls, command: str, name: str | None = None) -> CommandEngine:
        """Return the engine, named after its program if not told otherwise.

        Raises:
            EngineMissingError: there is no such program.
            ValueError: the command is empty or its quotes do not match.
        """
        words = shlex.split(command)
        if not words:
            raise ValueError("the engine's command is empty")
        if shutil.which(words[0]) is None:
            raise EngineMissingError(f"the OCR engine's program {words[0]!r} is not there: install it or give its path")
        return cls(command, name or Path(words[0]).stem)

    def read(self, image: Image.Image, dpi: int) -> str:
        """Return the text of `image`.

        Raises:
            EngineFailedError: the program failed; the message holds what it said.
            EngineTimeoutError: it took more than `READ_SECONDS`.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "page.png"
            image.save(path, "PNG", compress_level=1, dpi=(dpi, dpi))
            words = [w.replace("{image}", str(path)).replace("{dpi}", str(dpi)) for w in shlex.split(self.command)]
            content = None if "{image}" in self.command else path.read_bytes()
            return _printed(self.name, words, content)


def _printed(
    name: str, words: Sequence[str], content: bytes | None, environment: Mapping[str, str] | None = None
) -> str:
    """Return what an engine prints.

    Args:
        name: the engine's.
        words: its program and arguments.
        content: what it reads from the standard input.
        environment: its variables; None: ours.

    Raises:
        EngineFailedError: the program failed; the message holds what it said.
        EngineTimeoutError: it took more than `READ_SECONDS`.
    """
    try:
        done = subprocess.run(
            words, input=content, capture_output=True, check=False, timeout=READ_SECONDS, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise EngineTimeoutError(f"{name}: took more than {READ_SECONDS:g} seconds for a page") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "it said nothing"
        raise EngineFailedError(f"{name}: exit code {done.returncode}: {said}")
    return done.stdout.decode("utf-8", errors="replace").replace("\f", "\n")


def find_engine(description: str) -> Tesseract | CommandEngine:
    """Return the engine that `description` names.

    Args:
        description: Tesseract languages ("kaz", "kaz+rus"), or a program: "cmd:PROGRAM ARGUMENTS {image}", or with
            a name of its own "NAME=cmd:PROGRAM ARGUMENTS {image}".

    Raises:
        EngineMissingError: it is not installed.
        ValueError: the command is empty or its quotes do not match.
    """
    name, separator, command = description.partition(COMMAND)
    if separator and (not name or name.endswith("=")):
        return CommandEngine.installed(command, name.removesuffix("=") or None)
    return Tesseract.installed(description)
