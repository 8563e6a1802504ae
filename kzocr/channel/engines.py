"""OCR engines: image in, text out. Tesseract is built in; anything with `name` and `read` plugs in."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

READ_SECONDS = 120.0


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
            RuntimeError: Tesseract failed; the message holds what it said.
            subprocess.TimeoutExpired: it took more than `READ_SECONDS`.
        """
        buffer = io.BytesIO()
        image.save(buffer, "PNG", compress_level=1)
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", "-l", self.language, "--dpi", str(dpi)],
            input=buffer.getvalue(),
            capture_output=True,
            check=False,
            timeout=READ_SECONDS,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode("utf-8", errors="replace").replace("\f", "\n")
