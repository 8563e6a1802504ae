"""Reports -> Markdown tables for a README and a page of results, beside what others published."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from kzocr.json_files import read_json
from kzocr.metrics import ErrorCounts, cer_reduction


def read_reports(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the reports of correctors in files that `kzocr evaluate -o NAME.json` wrote, in their order.

    Raises:
        ValueError: a file is no JSON, holds no reports, or there are none; the message names it.
        OSError: one cannot be read.
    """
    reports: list[dict[str, Any]] = []
    for path in paths:
        found = read_json(path)
        if not isinstance(found, list) or not all(isinstance(one, dict) and one.get("sets") for one in found):
            raise ValueError(f"{path}: expected a list of reports, as `kzocr evaluate -o NAME.json` writes it")
        reports += found
    if not reports:
        raise ValueError("no reports to show")
    return reports


def summary_markdown(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return two Markdown tables of report dictionaries (`Report.to_dict`) on the same sets.

    The first has a row a corrector and a column a set, with the character error rate that is left and, in the last
    column, the share of clean lines that were changed; the least of each column is bold, `identity` aside. The second
    has a row a set and says what the last of the reports did to it.

    Raises:
        ValueError: there are no reports, or they are on different sets.
    """
    names = _set_names(reports)
    rows = [[set_["after"]["cer"]["value"] for set_ in report["sets"]] for report in reports]
    columns = list(names)
    if all(report["clean"] for report in reports):
        columns.append("clean lines changed")
        for row, report in zip(rows, reports, strict=True):
            row.append(report["clean"]["share_changed"]["value"])
    rivals = [row for row, report in zip(rows, reports, strict=True) if report["corrector"] != "identity"] or rows
    least = [min(column) for column in zip(*rivals, strict=True)]
    lines = [f"| CER % | {' | '.join(columns)} |", "|---" * (1 + len(columns)) + "|"]
    for row, report in zip(rows, reports, strict=True):
        is_rival = report["corrector"] != "identity"
        cells = [_percent(value, is_rival and value == best) for value, best in zip(row, least, strict=True)]
        lines.append(f"| {report['corrector']} | {' | '.join(cells)} |")
    last = reports[-1]
    lines += [
        "",
        f"| {last['corrector']} | characters | CER % before | after [95 %] | change of CER | WER % before | after "
        "| passages better / worse % |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_summary_row, last["sets"])])


def _summary_row(entry: Mapping[str, Any]) -> str:
    before, after = entry["before"], entry["after"]
    return (
        f"| {entry['name']} | {entry['n_reference_chars']:,} | {_percent(before['cer']['value'])} "
        f"| {percent_with_interval(after['cer'])} | {_change(entry)} | {_percent(before['wer']['value'])} "
        f"| {_percent(after['wer']['value'])} | {_better_and_worse(entry)} |"
    )


def to_markdown(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return Markdown tables of report dictionaries (`Report.to_dict`) on the same sets, one table a set.

    Raises:
        ValueError: there are no reports, or they are on different sets.
    """
    names = _set_names(reports)
    lines = []
    for column, name in enumerate(names):
        first = reports[0]["sets"][column]
        lines += [
            f"**{name}**: {first['n_documents']} documents, {first['n_passages']} passages, "
            f"{first['n_reference_chars']:,} characters",
            "",
            "| corrector | CER % [95 %] | change of CER | WER % | mean CER a passage % | passages better / worse % |",
            "|---|---|---|---|---|---|",
        ]
        lines += [_markdown_row(report["corrector"], report["sets"][column]) for report in reports]
        lines.append("")
    if all(report["clean"] for report in reports):
        n_lines = reports[0]["clean"]["n_lines"]
        lines += [
            f"**clean text**: {n_lines} lines without errors",
            "",
            "| corrector | lines changed % [95 %] |",
            "|---|---|",
        ]
        lines += [
            f"| {report['corrector']} | {percent_with_interval(report['clean']['share_changed'])} |"
            for report in reports
        ]
        lines.append("")
    return "\n".join(lines)


def bands_markdown(report: Mapping[str, Any]) -> str:
    """Return a Markdown table of a report dictionary (`Report.to_dict`): its documents by how badly they were read."""
    lines = [
        f"| {report['corrector']} on | CER as read | documents | CER % before | after | change of CER |",
        "|---|---|---|---|---|---|",
    ]
    for entry in report["sets"]:
        for band in entry["bands"]:
            before, after = (ErrorCounts(**band[side]).rate for side in ("before", "after"))
            change = _rounded_change(cer_reduction(cer_before=before, cer_after=after))
            lines.append(
                f"| {entry['name']} | {band['name']} | {band['n_documents']} | {_percent(before)} | {_percent(after)} "
                f"| {change} |"
            )
    return "\n".join(lines)


def _set_names(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    if not reports:
        raise ValueError("no reports to show")
    names = [entry["name"] for entry in reports[0]["sets"]]
    if any([entry["name"] for entry in report["sets"]] != names for report in reports):
        raise ValueError("the reports are on different sets")
    return names


def _markdown_row(name: str, entry: Mapping[str, Any]) -> str:
    after = entry["after"]
    return (
        f"| {name} | {percent_with_interval(after['cer'])} | {_change(entry)} | {_percent(after['wer']['value'])} "
        f"| {_percent(after['cer_mean']['value'])} | {_better_and_worse(entry)} |"
    )


def _change(entry: Mapping[str, Any]) -> str:
    return _rounded_change(entry["cer_reduction"]["value"])


def _rounded_change(reduction: float | None) -> str:
    """Return a relative reduction as a change in percent; of text that had no errors and now has some there is none."""
    if reduction is None or math.isinf(reduction):
        return "from none"
    change = round(-100 * reduction)
    return f"{change:+d} %" if change else "0 %"


def _better_and_worse(entry: Mapping[str, Any]) -> str:
    return f"{100 * entry['share_better']['value']:.1f} / {100 * entry['share_worse']['value']:.1f}"


def _percent(fraction: float, is_bold: bool = False) -> str:
    return f"**{100 * fraction:.2f}**" if is_bold else f"{100 * fraction:.2f}"


def percent_with_interval(interval: Mapping[str, float]) -> str:
    """Return an interval of a report as percent: `value [low, high]`."""
    return f"{100 * interval['value']:.2f} [{100 * interval['low']:.2f}, {100 * interval['high']:.2f}]"


@dataclass(frozen=True)
class PublishedResult:
    """A result of another system on another language, as its authors state it.

    Attributes:
        system: its name.
        language: of the texts.
        cer_before: character error rate of the OCR, in percent.
        cer_after: the same of the corrected text.
        remark: what else must be known.
        source: where it is published, an address.
    """

    system: str
    language: str
    cer_before: float
    cer_after: float
    remark: str
    source: str

    @classmethod
    def read_list(cls, path: Path) -> list[PublishedResult]:
        """Return the results of a YAML list.

        Raises:
            ValueError: the list is broken, or a field is missing, unknown or of the wrong kind; the message names file
                and entry.
            OSError: the file cannot be read.
        """
        try:
            entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            raise ValueError(f"{path}: {error}") from error
        if not isinstance(entries, list) or not entries:
            raise ValueError(f"{path}: expected a list of results")
        types = {field.name: (float if field.name.startswith("cer_") else str) for field in fields(cls)}
        for number, entry in enumerate(entries, 1):
            found = {key: type(value) for key, value in entry.items()} if isinstance(entry, dict) else {}
            if wrong := sorted(name for name in types.keys() | found.keys() if types.get(name) != found.get(name)):
                raise ValueError(f"{path}: entry {number}: field {wrong[0]!r} is missing, unknown or of the wrong kind")
        return [cls(**entry) for entry in entries]


def published_markdown(results: Sequence[PublishedResult]) -> str:
    """Return a Markdown table of what others published, marked as such.

    `3.01 → 1.57` is a change of `-48 %`.
    """
    lines = [
        "**Published by others**: other languages, texts and engines, as their authors state it; neither measured",
        "here nor to be compared row by row with what is measured here",
        "",
        "| system | language | CER % before | CER % after | change of CER | remark | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for result in results:
        change = -100 * cer_reduction(cer_before=result.cer_before, cer_after=result.cer_after)
        lines.append(
            f"| {result.system} | {result.language} | {result.cer_before:.2f} | {result.cer_after:.2f} "
            f"| {change:+.0f} % | {result.remark} | <{result.source}> |"
        )
    return "\n".join(lines)


def replace_between_markers(page: str, name: str, content: str) -> str:
    """Return `page` with what stands between `<!-- name -->` and `<!-- end of name -->` replaced by `content`.

    Raises:
        ValueError: a marker is missing.
    """
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if start not in page or end not in page:
        raise ValueError(f"the page needs the markers {start} and {end}")
    head, rest = page.split(start, 1)
    tail = rest.split(end, 1)[1]
    return f"{head}{start}\n{content.strip()}\n{end}{tail}"
