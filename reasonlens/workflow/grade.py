"""Traces to grades: part by part, each pair of answer and gold compared once, what is there kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core import registry
from reasonlens.core.study import Study
from reasonlens.core.tables import GRADE_VERDICTS
from reasonlens.graders import Grade, Limits, Pair, pair_of

__all__ = ["AUTO", "Agreement", "agreement", "disagreements", "grade_study", "grader_for"]

AUTO = "auto"
"""Picks a grader for each trace by its gold answer."""

_FOLDER = "reasonlens.graders"
_COLUMNS = ["trace_id", "problem", "answer", "response", "gold", "health"]
_BATCH = 500
_LETTER = re.compile(r"\(?[A-J]\)?\.?")
_PROSE = re.compile(r"(?:[A-Za-z]{2,}[ ,]+){3,}")


@dataclass(frozen=True, slots=True)
class Agreement:
    """Grades beside the verdicts of the sources.

    ``table`` has one row per model and benchmark: how many traces both judge, how often they agree, and
    how many have each of our verdicts; ``rows`` are the traces where they disagree.
    """

    table: pd.DataFrame
    rows: pd.DataFrame

    @property
    def rate(self) -> float:
        """Share of the traces judged by both where they agree."""
        both = self.table["both"].sum()
        return float(self.table["agree"].sum() / both) if both else float("nan")


def grader_for(gold: str | None) -> str:
    """Return the grader for a gold answer: a letter is a choice, a sentence is text, all else mathematics.

    Examples
    --------
    >>> [grader_for(x) for x in ("C", "12", "\\\\frac{1}{2}", "Ann is a knave, and Bob is a knight", None)]
    ['choice', 'math', 'math', 'exact', 'math']
    """
    text = (gold or "").strip()
    if _LETTER.fullmatch(text):
        return "choice"
    return "exact" if _PROSE.search(text) and "\\" not in text else "math"


def grade_study(
    study: Study,
    grader: str = AUTO,
    limits: Limits | None = None,
    *,
    again: bool = False,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Grade every trace that has no grade yet; return how many were graded.

    Parameters
    ----------
    grader
        The name of a grader, or `AUTO`.
    again
        Grade what has a grade, too.
    begin, progress
        Called with the number of traces to come, and after each part.
    """
    modules = {
        n: registry.load(_FOLDER, n) for n in (registry.names(_FOLDER) if grader == AUTO else [grader])
    }
    version = "+".join(f"{name}.{module.VERSION}" for name, module in modules.items())
    folder = f"{grader}@{version}"
    parts = [p for p in study.parts("traces") if again or not study.has("grades", p, folder)]
    begin(sum(study.rows("traces", part) for part in parts))
    known: dict[tuple[str, Pair], Grade] = {}
    done = 0
    with study.locked():
        for part in parts:
            rows = list(_rows(study, part, grader))
            grades = _graded(rows, modules, limits or Limits(), known)
            table = _table(rows, grades, modules)
            study.write("grades", part, table, folder, details={"command": "grade", "grader": grader})
            done += len(rows)
            progress(len(rows))
    return done


def _rows(study: Study, part: str, grader: str) -> Iterator[tuple[str, str, Pair]]:
    """Yield trace, grader and pair for each trace of a part."""
    with pq.ParquetFile(study.part_path("traces", part)) as file:
        for batch in file.iter_batches(batch_size=_BATCH, columns=_COLUMNS):
            for row in batch.to_pylist():
                chosen = grader_for(row["gold"]) if grader == AUTO else grader
                yield row["trace_id"], chosen, _pair(row, chosen)


def _pair(row: dict[str, Any], grader: str) -> Pair:
    truncated = bool({"truncated", "looping"} & set(row["health"] or ()))  # neither comes to a conclusion
    pair = pair_of(row["response"] or "", row["answer"] or "", row["gold"], truncated=truncated)
    if grader == "choice":
        return Pair(pair.answer, pair.method, pair.gold, truncated, pair.tail, row["problem"] or "")
    return Pair(pair.answer, pair.method, pair.gold, truncated)


def _graded(
    rows: Sequence[tuple[str, str, Pair]],
    modules: dict[str, ModuleType],
    limits: Limits,
    known: dict[tuple[str, Pair], Grade],
) -> list[Grade]:
    new = dict.fromkeys((name, pair) for _, name, pair in rows if (name, pair) not in known)
    for name, module in modules.items():
        pairs = [pair for grader, pair in new if grader == name]
        for pair, grade in zip(pairs, module.grade(pairs, limits), strict=True):
            known[name, pair] = grade
    return [known[name, pair] for _, name, pair in rows]


def _table(
    rows: Sequence[tuple[str, str, Pair]], grades: Sequence[Grade], modules: dict[str, ModuleType]
) -> pa.Table:
    return pa.table(
        {
            "trace_id": [row[0] for row in rows],
            "grader": pa.array([row[1] for row in rows], pa.string()),
            "version": pa.array([modules[row[1]].VERSION for row in rows], pa.string()),
            "extracted": pa.array([g.extracted for g in grades], pa.string()),
            "method": pa.array([g.method for g in grades], pa.string()),
            "verdict": pa.array([g.verdict for g in grades], pa.string()),
            "why": pa.array([g.why for g in grades], pa.string()),
        }
    )


def agreement(study: Study) -> Agreement:
    """Compare the grades of a study with the verdicts that its sources give."""
    found = []
    for part in study.parts("traces"):
        columns = ["trace_id", "dataset", "model", "problem_id", "gold", "correct_source", "source"]
        traces = pq.read_table(study.part_path("traces", part), columns=columns).to_pandas()
        paths = sorted((study.path / "grades").glob(f"*/{part}.parquet"))
        grades = pd.concat([pq.read_table(path).to_pandas() for path in paths], ignore_index=True)
        found.append(traces.merge(grades.drop_duplicates("trace_id", keep="last"), on="trace_id"))
    frame = pd.concat(found, ignore_index=True)
    frame["verdict"] = frame["verdict"].astype("str")
    frame["ours"] = frame["verdict"] == "correct"
    judged = frame["correct_source"].notna() & ~frame["verdict"].isin(["ungradable", "no_gold"])
    frame["both"] = judged
    frame["agree"] = judged & (frame["ours"] == frame["correct_source"].fillna(False).astype(bool))
    groups = frame.groupby(["model", "dataset"], dropna=False)
    table = groups[["both", "agree"]].sum().astype("int64")
    for verdict in GRADE_VERDICTS:
        table[verdict] = groups["verdict"].agg(lambda v, verdict=verdict: int((v == verdict).sum()))
    return Agreement(table.reset_index(), disagreements(frame))


def disagreements(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `agreement` where the source says otherwise."""
    rows = frame[frame["both"] & ~frame["agree"]]
    columns = ["trace_id", "model", "dataset", "problem_id", "gold", "extracted", "method", "verdict", "why"]
    shown: pd.DataFrame = rows[[*columns, "correct_source", "source"]].reset_index(drop=True)
    return shown
