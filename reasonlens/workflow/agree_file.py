"""Labels of people as they come: rows of a CSV or JSON Lines file, each checked.

One row is one verdict: ``trace_id``, ``behavior``, ``verdict``, and if need be ``count``, ``quotes``,
``rationale``, ``start`` and ``end`` (of a sentence). Rows without a verdict are not filled in yet and are
counted. Nothing is guessed: another row that cannot be used is an error with its line.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError

__all__ = ["COLUMNS", "LabelRow", "read_labels"]

COLUMNS = ("trace_id", "behavior", "verdict", "count", "quotes", "rationale", "start", "end")
"""What a file may say; the first three it must."""

_MUST = COLUMNS[:3]
_SAME = {"quote": "quotes", "note": "rationale", "comment": "rationale", "label": "verdict", "id": "trace_id"}
_VERDICTS = {
    **dict.fromkeys(("present", "yes", "y", "true", "1", "1.0"), "present"),
    **dict.fromkeys(("absent", "no", "n", "false", "0", "0.0"), "absent"),
    **dict.fromkeys(("unclear", "unsure", "?"), "unclear"),
}
_QUOTES_APART = " || "


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One verdict, with the line that it is from; ``place`` is the sentence, ``None`` for the whole text.

    ``spans`` are passages that were chosen in the response itself; they stand before ``quotes``.
    """

    line: int
    trace_id: str
    behavior: str
    verdict: str
    count: int | None
    quotes: tuple[str, ...]
    rationale: str
    place: tuple[int, int] | None
    spans: tuple[tuple[int, int], ...] = ()


def read_labels(path: Path) -> tuple[list[LabelRow], int]:
    """Read and check the rows of a CSV or JSON Lines file; count those without a verdict.

    Raises
    ------
    InputError
        If it cannot be read or a row cannot be used.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8; save it again as CSV UTF-8 or JSON Lines") from None
    kind = path.suffix.lower()
    if kind not in (".csv", ".tsv", ".jsonl", ".ndjson"):
        raise InputError(f"{path}: labels come as .csv, .tsv or .jsonl")
    found = _of_json(path, text) if kind in (".jsonl", ".ndjson") else _of_csv(path, text, kind)
    rows = [_row(path, line, values) for line, values in found]
    filled = [row for row in rows if row is not None]
    if not filled:
        raise InputError(f"{path} has no labels: fill in the column verdict (present, absent or unclear)")
    return filled, len(rows) - len(filled)


def _of_csv(path: Path, text: str, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), delimiter="\t" if kind == ".tsv" else ",", strict=True)
    try:
        names = reader.fieldnames
        _check_columns(path, list(names or []))
        for values in reader:
            if None in values:
                raise InputError(
                    f"{path}:{reader.line_num}: more cells than columns; quote texts with commas"
                )
            yield reader.line_num, {str(k).strip(): v for k, v in values.items()}
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: no CSV ({error})") from None


def _of_json(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of a file; of answers with a ``time`` the last one for a trace and behavior.

    The labeling page of ``reasonlens view`` appends every answer, also a second one to the same question.
    """
    rows = dict(_objects(path, text))
    last = {_asked(v): line for line, v in rows.items() if "time" in v}
    for line, values in rows.items():
        if "time" not in values or last[_asked(values)] == line:
            yield line, values


def _asked(values: Mapping[str, Any]) -> tuple[str, str]:
    return str(values.get("trace_id", values.get("id"))), str(values["behavior"])


def _objects(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            values = json.loads(content)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{line}: no JSON ({error}); write one object per line") from None
        if not isinstance(values, dict):
            raise InputError(f"{path}:{line}: a label is an object, such as {_SAMPLE}")
        _check_columns(path, list(values), line)
        yield line, values


_SAMPLE = '{"trace_id": "...", "behavior": "verification", "verdict": "present"}'


def _check_columns(path: Path, names: Sequence[str], line: int = 1) -> None:
    have = {_SAME.get(str(name).strip().lower(), str(name).strip().lower()) for name in names}
    for name in _MUST:
        if name not in have:
            close = difflib.get_close_matches(name, have, n=1)
            hint = f" (is {close[0]!r} meant?)" if close else ""
            raise InputError(f"{path}:{line}: no column {name!r}{hint}; needed are {', '.join(_MUST)}")


def _row(path: Path, line: int, values: Mapping[str, Any]) -> LabelRow | None:
    cells = {_SAME.get(k.lower(), k.lower()): v for k, v in values.items()}
    text = {name: str(cells.get(name) if cells.get(name) is not None else "").strip() for name in COLUMNS}
    if not text["verdict"] and not text["count"] and not text["quotes"]:
        return None
    verdict = _VERDICTS.get(text["verdict"].lower())
    if verdict is None:
        raise InputError(f"{path}:{line}: verdict {text['verdict']!r}; write present, absent or unclear")
    for name in ("trace_id", "behavior"):
        if not text[name]:
            raise InputError(f"{path}:{line}: {name} is empty")
    count = _whole(path, line, "count", text["count"])
    start, end = (_whole(path, line, name, text[name]) for name in ("start", "end"))
    if (start is None) != (end is None):
        raise InputError(
            f"{path}:{line}: a sentence has both start and end (characters of the text), or neither"
        )
    if count is not None and (count > 0) != (verdict == "present"):
        raise InputError(f"{path}:{line}: count {count} does not go with the verdict {verdict!r}")
    place = None if start is None or end is None else (start, end)
    quotes, spans = _quotes(path, line, cells.get("quotes")), _spans(path, line, cells.get("spans"))
    return LabelRow(
        line, text["trace_id"], text["behavior"], verdict, count, quotes, text["rationale"], place, spans
    )


def _whole(path: Path, line: int, name: str, text: str) -> int | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if number < 0 or number != int(number):
        raise InputError(f"{path}:{line}: {name} {text!r} is no whole number from 0")
    return int(number)


def _spans(path: Path, line: int, given: Any) -> tuple[tuple[int, int], ...]:
    """Take the places that the labeling page keeps beside the quotes."""
    try:
        spans = [(start, end) for start, end in given or ()]
        if all(type(at) is int for span in spans for at in span):
            return tuple(spans)
    except (TypeError, ValueError):
        pass
    raise InputError(f"{path}:{line}: spans must be a list of pairs [start, end] of whole numbers")


def _quotes(path: Path, line: int, given: Any) -> tuple[str, ...]:
    """Take a list, or a text with quotes that ``||`` parts."""
    if given is None:
        return ()
    pieces = given.split(_QUOTES_APART.strip()) if isinstance(given, str) else given
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise InputError(f"{path}:{line}: quotes must be a text ('||' between several) or a list of texts")
    return tuple(piece.strip() for piece in pieces if piece.strip())
