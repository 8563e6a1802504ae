"""Names of models -> where they are: the package's own, those that were published, folders, Hub names.

A published model is listed in `published.json`, which `scripts/publish.py --upload --record` writes after the Hub
has taken the model: a name in the list was there, and the commit that is loaded is the one that was measured.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

EMBEDDED_NAME = "embedded"
"""The model that comes with the package; it needs no network."""

PUBLISHED = Path(__file__).parent / "published.json"
"""The list of published models that comes with the package."""

_REPO = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model on the Hub, pinned.

    Attributes:
        repo: `user/name` on the Hub.
        version: the tag it was published with, the version of the package.
        commit: 40 hexadecimal digits of the commit that the tag names; this is what is loaded.
    """

    repo: str
    version: str
    commit: str


@dataclass(frozen=True, slots=True)
class Location:
    """Where a model is.

    Attributes:
        name: a folder, or `user/name` on the Hub; `None` for the model in the package.
        revision: branch, tag or commit on the Hub; `None` for a folder and for the newest.
    """

    name: str | None
    revision: str | None = None


def locate(name: str | None, revision: str | None = None, *, published: Path | None = None) -> Location:
    """Return where the model called `name` is.

    Args:
        name: `None` or "embedded" for the model in the package; a name in the list of published models; a folder;
            or `user/name` on the Hub.
        revision: branch, tag or commit on the Hub; without it a published model is taken at the commit in the list.
        published: the list, if it is not the one in the package.

    Raises:
        ValueError: there is no such name, the message lists those that there are; or a revision is asked of a model
            that has none.
    """
    if name is None or (name == EMBEDDED_NAME and not os.path.isdir(name)):
        _no_revision(revision, "the model in the package")
        return Location(None, None)
    if is_path(name):
        _no_revision(revision, name)
        return Location(name, None)
    models = read_published(published)
    model = models.get(name) or next((entry for entry in models.values() if entry.repo == name), None)
    if model is not None:
        return Location(model.repo, revision or model.commit)
    if not _REPO.fullmatch(name):
        raise ValueError(
            f"{name}: neither a folder nor the name of a model. Names are {', '.join([EMBEDDED_NAME, *models])}; "
            "a model of the Hub has a name of the form USER/NAME"
        )
    return Location(name, revision)


def _no_revision(revision: str | None, what: str) -> None:
    """Raise if there is a revision: only models of the Hub have one."""
    if revision is not None:
        raise ValueError(f"{what} has no revisions, and {revision!r} was asked for; they are for models of the Hub")


def is_path(name: str) -> bool:
    """Return whether `name` is meant as a folder: it is one, or could not be a Hub name."""
    return os.path.isdir(name) or name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1


def read_published(path: Path | None = None) -> dict[str, PublishedModel]:
    """Return the published models by name; the list may be empty.

    Raises:
        ValueError: an entry is not pinned to a commit, or not an entry at all; the message names it.
    """
    path = path or PUBLISHED
    models = {}
    content = json.loads(path.read_text(encoding="utf-8"))
    for name, entry in content.items():
        try:
            model = PublishedModel(**entry)
        except TypeError as error:
            raise ValueError(f"{path}: {name!r}: needs repo, version and commit, nothing else") from error
        if not _REPO.fullmatch(model.repo) or not model.version or not _COMMIT.fullmatch(model.commit):
            raise ValueError(f"{path}: {name!r}: {entry} is not USER/NAME, a version and 40 digits of a commit")
        models[name] = model
    return models


def record_published(name: str, model: PublishedModel, path: Path | None = None) -> None:
    """Put `model` into the list under `name`, in place of an older version.

    Raises:
        ValueError: the name means something else already: the model in the package, a folder or a Hub name.
    """
    path = path or PUBLISHED
    if name == EMBEDDED_NAME or not re.fullmatch(r"[\w.-]+", name, re.ASCII):
        raise ValueError(f"{name!r} cannot be the name of a published model")
    models: Mapping[str, PublishedModel] = {**read_published(path), name: model}
    content = {key: asdict(models[key]) for key in sorted(models)}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
