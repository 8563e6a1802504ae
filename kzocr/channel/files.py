"""`EstimatedPrior` <-> a JSON file: counts only, no text; a broken file names its broken field."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from kzocr.channel.contexts import Context
from kzocr.channel.estimate import EstimatedPrior
from kzocr.channel.tally import KINDS, Tally, Unit
from kzocr.json_files import read_json_object, write_json_lists

FORMAT = "kzocr-estimated-prior"
FORMAT_VERSION = 1

_FIELDS = (
    "format",
    "format_version",
    "name",
    "provenance",
    "alphabet",
    "strength",
    "output_strength",
    "flatness",
    "units",
    "outputs",
    "contexts",
    "documents",
)


def write_prior(path: str | os.PathLike[str], prior: EstimatedPrior) -> None:
    """Write `prior` as JSON, one unit, output, context or document a line; complete or not at all."""
    head = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": prior.name,
        "provenance": dict(prior.provenance),
        "alphabet": prior.alphabet,
        "strength": prior.strength,
        "output_strength": prior.output_strength,
        "flatness": prior.flatness,
    }
    lists: dict[str, list[Any]] = {
        "units": [[unit.kind, unit.key, _short(unit.occurrences)] for unit in prior.units],
        "outputs": [[unit, output, _short(count)] for unit, output, count in prior.outputs],
        "contexts": [[c.unit, c.left, c.right, c.odds, dict(c.factors)] for c in prior.contexts],
        "documents": [_document_to_json(tally) for tally in prior.documents],
    }
    write_json_lists(path, head, lists)


def read_prior(path: str | os.PathLike[str]) -> EstimatedPrior:
    """Return the prior that `write_prior` wrote.

    Raises:
        ValueError: the file is no JSON, or a field is missing, unknown or wrong; the message names both.
        OSError: the file cannot be read.
    """
    return prior_from_json(read_json_object(path), os.fspath(path))


def prior_from_json(data: Mapping[str, Any], where: str) -> EstimatedPrior:
    """Return the prior that the parsed JSON `data` describes.

    Args:
        data: what `write_prior` wrote.
        where: the source's name, for error messages.

    Raises:
        ValueError: a field is missing, unknown or wrong; the message names it.
    """
    if unknown := sorted(set(data) - set(_FIELDS)):
        raise ValueError(f"{where}: unknown field {unknown[0]!r}")
    if missing := [name for name in _FIELDS if name not in data]:
        raise ValueError(f"{where}: missing field {missing[0]!r}")
    if data["format"] != FORMAT or data["format_version"] != FORMAT_VERSION:
        found = f"{data['format']!r} version {data['format_version']!r}"
        raise ValueError(f"{where}: field 'format' is {found}, expected {FORMAT!r} version {FORMAT_VERSION}")
    units = tuple(_unit(row, f"{where}: units[{i}]") for i, row in enumerate(_list(data, "units", where)))
    outputs = tuple(
        _output(row, len(units), f"{where}: outputs[{i}]") for i, row in enumerate(_list(data, "outputs", where))
    )
    contexts = tuple(
        _context(row, len(units), f"{where}: contexts[{i}]") for i, row in enumerate(_list(data, "contexts", where))
    )
    documents = tuple(
        _document_from_json(row, len(units), len(outputs), f"{where}: documents[{i}]")
        for i, row in enumerate(_list(data, "documents", where))
    )
    if not documents:
        raise ValueError(f"{where}: field 'documents' is empty")
    if not isinstance(data["provenance"], dict):
        raise ValueError(f"{where}: field 'provenance' must be an object")
    return EstimatedPrior(
        name=_string(data["name"], f"{where}: name"),
        units=units,
        outputs=outputs,
        contexts=contexts,
        documents=documents,
        alphabet=_string(data["alphabet"], f"{where}: alphabet"),
        provenance=data["provenance"],
        strength=_number(data["strength"], f"{where}: strength"),
        output_strength=_number(data["output_strength"], f"{where}: output_strength"),
        flatness=_number(data["flatness"], f"{where}: flatness", most=1.0),
    )


def _document_to_json(tally: Tally) -> dict[str, Any]:
    return {
        "n_chars": tally.n_chars,
        "lines": [number for line in tally.lines for number in line],
        "occurrences": [_short(n) for pair in tally.occurrences.items() for n in pair],
        "errors": [_short(n) for pair in tally.errors.items() for n in pair],
    }


def _document_from_json(row: object, n_units: int, n_outputs: int, where: str) -> Tally:
    if not isinstance(row, dict):
        raise ValueError(f"{where} must be an object")
    for name in ("n_chars", "lines", "occurrences", "errors"):
        if name not in row:
            raise ValueError(f"{where}: missing field {name!r}")
    lines = _pairs(row["lines"], None, f"{where}.lines")
    return Tally(
        n_chars=int(_number(row["n_chars"], f"{where}.n_chars")),
        occurrences=dict(_pairs(row["occurrences"], n_units, f"{where}.occurrences")),
        errors=dict(_pairs(row["errors"], n_outputs, f"{where}.errors")),
        lines=tuple((n, int(k)) for n, k in lines),
    )


def _pairs(value: object, n_keys: int | None, where: str) -> list[tuple[int, float]]:
    """Return a flat list as (whole number, number) pairs; the first is below `n_keys` if that is given."""
    if not isinstance(value, list) or len(value) % 2:
        raise ValueError(f"{where} must be a list of pairs, one after the other")
    pairs = []
    for key, number in zip(value[::2], value[1::2], strict=True):
        if isinstance(key, bool) or not isinstance(key, int) or key < 0 or (n_keys is not None and key >= n_keys):
            raise ValueError(f"{where}: {key!r} is no number of an entry that there is")
        pairs.append((key, _number(number, where)))
    return pairs


def _unit(row: object, where: str) -> Unit:
    kind, key, occurrences = _row(row, 3, where)
    if kind not in KINDS:
        raise ValueError(f"{where}: kind is {kind!r}, expected one of {', '.join(KINDS)}")
    key = _string(key, where)
    if kind == "rule" and not 1 <= len(key) <= 3:
        raise ValueError(f"{where}: source {key!r} must have 1 to 3 characters")
    return Unit(kind, key, _number(occurrences, where))


def _output(row: object, n_units: int, where: str) -> tuple[int, str, float]:
    unit, output, count = _row(row, 3, where)
    return _index(unit, n_units, where), _string(output, where), _number(count, where)


def _context(row: object, n_units: int, where: str) -> Context:
    unit, left, right, odds, factors = _row(row, 5, where)
    if not isinstance(factors, dict):
        raise ValueError(f"{where}: the factors must be an object")
    left, right = _string(left, where), _string(right, where)
    if len(left) + len(right) != 1:
        raise ValueError(f"{where}: expected one neighbour of one character, got {left!r} and {right!r}")
    read = {str(output): _number(factor, where) for output, factor in factors.items()}
    return Context(_index(unit, n_units, where), left, right, _number(odds, where), read)


def _row(row: object, n_parts: int, where: str) -> Sequence[Any]:
    if not isinstance(row, list) or len(row) != n_parts:
        raise ValueError(f"{where} must be a list of {n_parts}")
    return row


def _list(data: Mapping[str, Any], name: str, where: str) -> list[Any]:
    if not isinstance(data[name], list):
        raise ValueError(f"{where}: field {name!r} must be a list")
    return list(data[name])


def _index(value: object, n_entries: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < n_entries:
        raise ValueError(f"{where}: {value!r} is no number of a unit that there is")
    return value


def _string(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{where} must be a string, got {value!r}")
    return value


def _number(value: object, where: str, most: float = float("inf")) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise ValueError(f"{where} must be a number from 0 to {most}, got {value!r}")
    return float(value)


def _short(number: float) -> int | float:
    number = round(number, 2)
    return int(number) if number == int(number) else number
