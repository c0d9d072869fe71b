"""Labels of people into the table ``labels``, as judge ``human:NAME``; see `reasonlens.workflow.agree_file`.

A file is taken as a whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.core.tables import table
from reasonlens.judges import Codebook, Quote, load_codebook
from reasonlens.judges._quotes import COUNTED, TextQuotes, distinct
from reasonlens.workflow.agree_file import LabelRow, read_labels
from reasonlens.workflow.behaviors_store import HUMAN, folder_of

__all__ = ["Imported", "import_labels", "rows_of_labels"]

_WHO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import took.

    Attributes
    ----------
    judge
        In whose name.
    labels
        Number of labels by behavior.
    traces
        Number of traces with a label.
    blank
        Rows without a verdict.
    unverified
        Quotes that are not in the text.
    replaced
        Labels that were there before.
    """

    judge: str
    labels: dict[str, int]
    traces: int
    blank: int
    unverified: int
    replaced: int


def import_labels(
    study: Study, path: Path, who: str, *, text: str = "response", codebooks: Sequence[Codebook] = ()
) -> Imported:
    """Read the labels of a person into a study; those of the same units are replaced.

    Parameters
    ----------
    study, path
        The study with the traces, and the file.
    who
        Name of the person; the judge is called ``human:WHO``.
    text
        Which text was labelled.
    codebooks
        Codebooks of the user's own behaviors; the shipped ones are known.

    Raises
    ------
    InputError
        If the file has a mistake; the message has the line.
    """
    with study.locked():
        rows, blank = rows_of_labels(study, path, who, text=text, codebooks=codebooks)
        replaced = _write(study, rows, text)
    frame = rows.select(["trace_id", "behavior", "n_unverified"]).to_pandas()
    counts = frame["behavior"].astype("str").value_counts(sort=False)
    return Imported(
        f"{HUMAN}{who}",
        {str(name): int(n) for name, n in counts.items()},
        int(frame["trace_id"].nunique()),
        blank,
        int(frame["n_unverified"].sum()),
        replaced,
    )


def rows_of_labels(
    study: Study, path: Path, who: str, *, text: str = "response", codebooks: Sequence[Codebook] = ()
) -> tuple[pa.Table, int]:
    """Return the rows of ``labels`` that a file stands for and the number of blank ones; write nothing.

    See `import_labels`.
    """
    if not _WHO.fullmatch(who):
        raise InputError(f"--who {who!r}: use letters, digits and . _ + -, such as ann")
    found, blank = read_labels(path)
    known = {codebook.name: codebook for codebook in codebooks}
    for name in dict.fromkeys(row.behavior for row in found):
        known.setdefault(name, load_codebook(name))
    texts = _texts(study, path, found, text)
    _no_contradictions(path, found)
    records = [_record(path, row, known[row.behavior], texts[row.trace_id], text, who) for row in found]
    return pa.Table.from_pylist(records, schema=table("labels").schema), blank


def _texts(study: Study, path: Path, rows: Sequence[LabelRow], text: str) -> dict[str, str]:
    wanted = {row.trace_id for row in rows}
    found: dict[str, str] = {}
    for part in study.parts("traces"):
        stored = pq.read_table(study.part_path("traces", part), columns=["trace_id", text])
        for trace_id, body in zip(stored["trace_id"].to_pylist(), stored[text].to_pylist(), strict=True):
            if trace_id in wanted:
                if body is None and text == "response":
                    raise InputError(f"the study {study.path} was made without texts; read the files again")
                found[trace_id] = body or ""
    lost = [row for row in rows if row.trace_id not in found]
    if lost:
        shown = ", ".join(f"{row.trace_id!r} (line {row.line})" for row in lost[:_SHOWN])
        more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
        raise InputError(
            f"{path}: {len(lost)} of {len(rows)} labels are of traces that {study.path} does not have: "
            f"{shown}{more}. Take trace_id from the table traces, for instance with `reasonlens agree sample`"
        )
    return found


def _no_contradictions(path: Path, rows: Sequence[LabelRow]) -> None:
    seen: dict[tuple[str, str, tuple[int, int] | None], LabelRow] = {}
    for row in rows:
        before = seen.setdefault((row.trace_id, row.behavior, row.place), row)
        if before is not row:
            raise InputError(
                f"{path}:{row.line}: the label of {row.trace_id!r} for {row.behavior!r} is also in line "
                f"{before.line}; keep one (labels of several people are imported one person at a time)"
            )


def _record(path: Path, row: LabelRow, codebook: Codebook, body: str, text: str, who: str) -> dict[str, Any]:
    place = row.place or (0, len(body))
    if codebook.unit == "sentence" and row.place is None:
        raise InputError(
            f"{path}:{row.line}: {codebook.name!r} is judged sentence by sentence; give start and end"
        )
    if codebook.unit == "trace" and row.place is not None and row.place != (0, len(body)):
        raise InputError(
            f"{path}:{row.line}: {codebook.name!r} is judged on the whole {text}; leave start and end out"
        )
    if not place[0] <= place[1] <= len(body):
        raise InputError(
            f"{path}:{row.line}: {place[0]} to {place[1]} is not in the {text} ({len(body)} long)"
        )
    quotes = (
        _chosen(path, row, body, text) if row.spans else TextQuotes(body).find_all(row.quotes, within=place)
    )
    instances = len(distinct(quotes)) or 1
    count = row.count if row.count is not None else instances
    return {
        "trace_id": row.trace_id,
        "part": text,
        "unit": codebook.unit,
        "unit_start": place[0],
        "unit_end": place[1],
        "behavior": codebook.name,
        "judge": f"{HUMAN}{who}",
        "repeat": 0,
        "version": codebook.version,
        "digest": codebook.digest,
        "verdict": row.verdict,
        "count": count if row.verdict == "present" else 0,
        "n_unverified": sum(q.found not in COUNTED for q in quotes),
        "quotes": [{"start": q.start, "end": q.end, "surface": q.surface, "found": q.found} for q in quotes],
        "rationale": row.rationale,
        "problem": "",
        "cost": 0.0,
    }


def _chosen(path: Path, row: LabelRow, body: str, text: str) -> list[Quote]:
    """Return the passages that a person chose in the response: their places are known."""
    if text != "response":
        raise InputError(f"{path}:{row.line}: the spans are places in the response; import it without --part")
    if any(not 0 <= start < end <= len(body) for start, end in row.spans):
        raise InputError(f"{path}:{row.line}: a span is not in the response ({len(body)} long)")
    return [Quote(start, end, body[start:end], "exact") for start, end in row.spans]


def _write(study: Study, rows: pa.Table, text: str) -> int:
    """Write the rows beside those that are there, part by part; return how many were replaced."""
    schema, replaced = table("labels").schema, 0
    frame = rows.to_pandas()
    units = {
        name: str(unit)
        for name, unit in zip(frame["behavior"].astype("str"), frame["unit"].astype("str"), strict=True)
    }
    for part in study.parts("traces"):
        ids = pq.read_table(study.part_path("traces", part), columns=["trace_id"])["trace_id"].to_pylist()
        here = frame[frame["trace_id"].isin(ids)]
        for behavior, new in here.groupby(here["behavior"].astype("str"), sort=False):
            judge = str(new["judge"].iloc[0])
            where = folder_of(text, judge, str(behavior))
            fresh = pa.Table.from_pandas(new, schema=schema, preserve_index=False)
            kept, gone = _others(study, part, where, new)
            replaced += gone
            data = pa.concat_tables([kept.cast(schema), fresh]) if kept is not None else fresh
            details = {"command": "agree import", "part": part, "judge": judge, "unit": units[str(behavior)]}
            study.write("labels", part, data, *where, details=details)
    return replaced


def _others(
    study: Study, part: str, where: tuple[str, str, str], new: pd.DataFrame
) -> tuple[pa.Table | None, int]:
    """Return the rows that are there and stay, and how many do not."""
    if not study.has("labels", part, *where):
        return None, 0
    old = pq.read_table(study.part_path("labels", part, *where))
    key = ["trace_id", "unit_start", "unit_end"]
    again = set(new[key].itertuples(index=False, name=None))
    stays = [row not in again for row in old.select(key).to_pandas().itertuples(index=False, name=None)]
    return old.filter(pa.array(stays, pa.bool_())), stays.count(False)
