"""A `ChannelPrior` <-> what training metadata keep of it, and the folder that a model is published with.

Metadata name the families and their weights. Families that were fitted are files, and are named by them: their counts
are hundreds of kilobytes and lie beside the model in the folder `channel/`.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kzocr import __version__
from kzocr.channel.prior import PRIORS, ChannelPrior

PRIOR_FILE = "prior.yaml"
"""The published prior in its folder; `ChannelPrior.from_file` reads it, and with it the files beside it."""

_RATES = ("least_factor", "greatest_factor", "greatest_cer")


def describe_prior(prior: ChannelPrior) -> dict[str, Any]:
    """Return JSON values from which `described_prior` makes the same prior, given the fitted files.

    The keys are those of a YAML mixture, and `name` and `fitted`: the families that are files.
    """
    return {
        "name": Path(prior.name).name,
        "families": dict(prior.weights),
        "fitted": sorted(prior.fitted),
        **{key: getattr(prior, key) for key in _RATES},
        "unknowable": prior.unknowable,
        "unscaled": sorted(prior.unscaled),
    }


def prior_sha256(name_or_path: str) -> str:
    """Return the hash of all that a prior draws from, its families' weights and counts, as hexadecimal digits.

    It is the same wherever its files lie; families that are code are in it by their names.

    Raises:
        ValueError, OSError: as `ChannelPrior.load`.
    """
    prior = ChannelPrior.load(name_or_path)
    path = Path(name_or_path)
    is_mixture = path.suffix in (".yaml", ".yml")
    described = describe_prior(prior)
    settings = {key: described[key] for key in (*_RATES, "unknowable")} | {"unscaled": sorted(prior.unscaled)}
    found = hashlib.sha256(json.dumps(settings).encode("utf-8"))
    for family, weight in prior.weights.items():
        own = path.parent / family if is_mixture else path
        source = own if family in prior.fitted else PRIORS / f"{family}.json"
        found.update(f"\0{Path(family).name}\0{weight}\0".encode())
        found.update(source.read_bytes() if source.is_file() else b"")
    return found.hexdigest()


def described_prior(description: Mapping[str, Any], files: Mapping[str, Path]) -> ChannelPrior:
    """Return the prior that `describe_prior` described.

    Args:
        description: what it returned.
        files: the file of each fitted family.

    Raises:
        ValueError: a family is unknown, or a file is broken.
        OSError: a file cannot be read.
    """
    fitted = {
        family: next(iter(ChannelPrior.from_file(files[family]).fitted.values())) for family in description["fitted"]
    }
    return ChannelPrior(
        str(description["name"]),
        dict(description["families"]),
        unknowable=str(description["unknowable"]),
        fitted=fitted,
        unscaled=frozenset(description["unscaled"]),
        **{key: float(description[key]) for key in _RATES},
    )


def find_prior(
    metadata: Mapping[str, Any], published: Path, folders: Sequence[Path] = ()
) -> tuple[ChannelPrior, dict[str, Path]]:
    """Return the noise that a model learnt from, and the file of each of its fitted families.

    A model that was published has it beside it; metadata of runs describe it, but for the counts in fitted files;
    older metadata have no more than the name that the configuration gave it.

    Args:
        metadata: `training.json` of the model.
        published: a folder that `write_prior_folder` wrote; it need not be there.
        folders: where files are looked for, besides the current folder.

    Raises:
        ValueError: a file is broken.
        OSError: a file is missing; the message names it and where it was looked for.
    """
    name = str(metadata["config"]["data"]["prior"])
    if (published / PRIOR_FILE).is_file():
        prior = ChannelPrior.from_file(published / PRIOR_FILE)
        return prior, {family: published / family for family in prior.fitted}
    if description := metadata.get("prior"):
        # A fitted family lies beside the mixture that names it, or is the whole prior.
        places = {family: str(Path(name).parent / family) for family in description["fitted"] if family != name}
        files = {family: _find(places.get(family, name), folders) for family in description["fitted"]}
        return described_prior(description, files), files
    if name in ChannelPrior.shipped_names():
        return ChannelPrior.shipped(name), {}
    path = _find(name, folders)
    prior = ChannelPrior.from_file(path)
    is_whole = path.suffix not in (".yaml", ".yml")
    return prior, {family: path if is_whole else path.parent / family for family in prior.fitted}


def _find(name: str, folders: Sequence[Path]) -> Path:
    """Return the path of the file `name` below the current folder or one of `folders`."""
    for folder in (Path(), *folders):
        if (folder / name).is_file():
            return folder / name
    places = " or ".join(dict.fromkeys(str(folder.resolve()) for folder in (Path(), *folders)))
    raise FileNotFoundError(
        f"no file {name} in {places}. The model's training.json has the name alone: go to the folder that the training "
        "was started in, or bring the file"
    )


def write_prior_folder(prior: ChannelPrior, files: Mapping[str, Path], folder: Path) -> None:
    """Write a prior as `folder/prior.yaml` with the counts that it draws from beside it; it needs nothing else.

    Counts that come with the package are copied too, so that the folder draws the same channels with every version.

    Args:
        prior: the prior.
        files: the file of each fitted family.
        folder: is created.

    Raises:
        ValueError: two families have files of the same name.
        OSError: a file cannot be read or written.
    """
    names: dict[str, str] = {}
    folder.mkdir(parents=True)
    for family in prior.weights:
        source = files[family] if family in prior.fitted else PRIORS / f"{family}.json"
        names[family] = source.name if source.is_file() or family in prior.fitted else family
        if list(names.values()).count(names[family]) > 1:
            raise ValueError(f"two families have files of the name {source.name}: rename one")
        if names[family] != family or family in prior.fitted:
            shutil.copyfile(source, folder / source.name)
    content = {
        "families": {names[family]: weight for family, weight in prior.weights.items()},
        **{key: getattr(prior, key) for key in _RATES},
        "unknowable": prior.unknowable,
        "unscaled": sorted(names.get(family, family) for family in prior.unscaled),
    }
    head = (
        f"# The noise that the model learnt from, {Path(prior.name).name!r}; written by kzocr {__version__}. Families\n"
        "# without .json are code, in kzocr/channel/families.py. For `kzocr corrupt --prior` and `data.prior`.\n"
    )
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
    (folder / PRIOR_FILE).write_text(head + text, encoding="utf-8")
