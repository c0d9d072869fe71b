"""Traces to grades: part by part, each pair of answer and gold compared once, what is there kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core import registry
from reasonlens.core.errors import InputError
from reasonlens.core.manifest import version
from reasonlens.core.study import Study
from reasonlens.core.tables import GRADE_VERDICTS
from reasonlens.graders import Grade, Limits, Pair, pair_of
from reasonlens.workflow import pool

__all__ = ["AUTO", "Agreement", "agreement", "disagreements", "grade_study", "grader_for"]

AUTO = "auto"
"""Picks a grader for each trace by its gold answer."""

_FOLDER = "reasonlens.graders"
_COLUMNS = ["trace_id", "problem", "answer", "response", "gold", "health"]
_BATCH = 500
_AT_ONCE = 5000  # traces
_REMEMBERED = 200_000  # pairs of answer and gold that need not be graded twice
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

    A study has one verdict per trace: another grader, version or tolerance replaces what is there, part by
    part.

    Parameters
    ----------
    grader
        The name of a grader, or `AUTO`.
    again
        Grade what has a grade, too (with more time, for instance).
    begin, progress
        Called with the number of traces to come, and after each part.
    """
    limits = limits or Limits()
    folder = _folder(grader, _modules(grader), limits)
    parts = [p for p in study.parts("traces") if again or not study.has("grades", p, folder)]
    sizes = {part: study.rows("traces", part) for part in parts}
    begin(sum(sizes.values()))
    work = _Grading(study.path, grader, limits)
    with study.locked():
        for _, tables in pool.run(work, _groups(sizes), jobs=1):
            for part, table in tables.items():
                _write(study, part, folder, table, limits)
                progress(table.num_rows)
    return sum(sizes.values())


class _Grading:
    """Grades the traces of some parts; what was graded once is remembered, in one process.

    Parameters
    ----------
    study
        The folder.
    grader, limits
        As `grade_study` has them.
    """

    def __init__(self, study: Path, grader: str, limits: Limits) -> None:
        self._study, self._grader, self._limits = study, grader, limits
        self._known: dict[tuple[str, Pair], Grade] = {}

    def __call__(self, group: Sequence[str]) -> dict[str, pa.Table]:
        study, modules = Study(self._study), _modules(self._grader)
        rows = {part: list(_rows(study, part, self._grader)) for part in group}
        every = [row for part in group for row in rows[part]]
        verdicts = iter(_graded(every, modules, self._limits, self._known))
        return {part: _table(mine, [next(verdicts) for _ in mine], modules) for part, mine in rows.items()}


def _modules(grader: str) -> dict[str, ModuleType]:
    names = registry.names(_FOLDER) if grader == AUTO else [grader]
    return {name: registry.load(_FOLDER, name) for name in names}


def _folder(grader: str, modules: dict[str, ModuleType], limits: Limits) -> str:
    version = "+".join(f"{name}.{module.VERSION}" for name, module in modules.items())
    return f"{grader}@{version}" + (f"+within.{limits.tolerance:g}" if limits.tolerance else "")


def _groups(sizes: dict[str, int]) -> Iterator[list[str]]:
    """Yield parts together that are graded at once: starting the comparing processes takes a second."""
    group: list[str] = []
    for part in sizes:
        group.append(part)
        if sum(sizes[p] for p in group) >= _AT_ONCE:
            yield group
            group = []
    if group:
        yield group


def _write(study: Study, part: str, folder: str, table: pa.Table, limits: Limits) -> None:
    about = {"command": "grade", "seconds": limits.seconds, "tolerance": limits.tolerance}
    study.write("grades", part, table, folder, details={**about, "math-verify": version("math-verify")})
    for other in (study.path / "grades").glob(f"*/{part}.parquet"):
        if other.parent.name != folder:
            other.unlink()


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
    if len(known) > _REMEMBERED:
        known.clear()
    new = dict.fromkeys((name, pair) for _, name, pair in rows if (name, pair) not in known)
    found = {}
    for name, module in modules.items():
        pairs = [pair for grader, pair in new if grader == name]
        for pair, grade in zip(pairs, module.grade(pairs, limits), strict=True):
            found[name, pair] = grade
    known.update({key: grade for key, grade in found.items() if not key[1].tail})
    return [found.get((name, pair)) or known[name, pair] for _, name, pair in rows]


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
    """Compare the grades of a study with the verdicts that its sources give.

    Raises
    ------
    InputError
        If the study has no grades.
    """
    found = []
    for part in study.parts("traces"):
        columns = ["trace_id", "dataset", "model", "problem_id", "gold", "correct_source", "source"]
        traces = pq.read_table(study.part_path("traces", part), columns=columns).to_pandas()
        for path in (study.path / "grades").glob(f"*/{part}.parquet"):
            found.append(traces.merge(pq.read_table(path).to_pandas(), on="trace_id"))
    if not found:
        raise InputError(f"the study {study.path} has no grades yet; run: reasonlens grade {study.path}")
    frame = pd.concat(found, ignore_index=True)
    for name in ("verdict", "model", "dataset"):
        frame[name] = frame[name].astype("str").fillna("")
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
