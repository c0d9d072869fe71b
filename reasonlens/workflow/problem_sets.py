"""Problem sets: benchmarks by name, or any file with statements; rows in, problems out.

The texts are read from a file or folder that the user points at. The id of a problem comes from its
statement, as in every reader, so that what is generated joins with outputs read from elsewhere.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError
from reasonlens.readers import Row, Skipped
from reasonlens.readers._containers import container_of
from reasonlens.readers._open import as_source
from reasonlens.readers._rows import rows
from reasonlens.readers._values import text
from reasonlens.text.problems import problem_id
from reasonlens.workflow.problem_answers import LETTERS, answer_of, choices_of

__all__ = ["Benchmark", "Problem", "ProblemSet", "benchmarks", "load"]

_PROBLEM = ("problem", "question", "Problem", "Question", "statement", "prompt", "input")
_GOLD = ("gold", "answer", "final_answer", "expected_answer", "target", "gt", "Answer", "solution")
_LEVEL = ("level", "difficulty", "Level")
_SUFFIXES = re.compile(r"(\.(jsonl|ndjson|json|csv|tsv|parquet))?(\.(gz|zst|xz|bz2))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is known of a benchmark by name."""

    name: str
    title: str
    n: int
    files: tuple[str, ...]
    kind: str = "math"
    problem: tuple[str, ...] = _PROBLEM
    gold: tuple[str, ...] = _GOLD
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `options` are its choices in the order in which they are shown (A, B, ...)."""

    dataset: str
    statement: str
    gold: str | None = None
    level: str | None = None
    options: tuple[str, ...] = ()

    @property
    def problem_id(self) -> str:
        """The id that every reader gives a problem with this statement."""
        return problem_id(self.statement, self.dataset, self.statement) or ""

    @property
    def asked(self) -> str:
        """What a model is shown: the statement, with the options if there are any."""
        lines = [f"{letter}) {option}" for letter, option in zip(LETTERS, self.options, strict=False)]
        return "\n".join([self.statement, "", *lines]) if lines else self.statement


@dataclass(slots=True)
class ProblemSet:
    """Problems in the order of the files, and what a user should know of them."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def datasets(self) -> list[str]:
        """The benchmarks in it, in order."""
        return list(dict.fromkeys(problem.dataset for problem in self.problems))

    def answers(self) -> dict[str, str]:
        """Return the gold answer by what a model is shown."""
        return {problem.asked: problem.gold for problem in self.problems if problem.gold is not None}


@cache
def benchmarks() -> Mapping[str, Benchmark]:
    """Return the benchmarks that are known by name."""
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return {name: _benchmark(name, told) for name, told in data.items()}


def _benchmark(name: str, told: dict[str, Any]) -> Benchmark:
    made: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}
    return Benchmark(name=name, **made)


def load(
    names: Sequence[str | Path],
    *,
    folder: Path | None = None,
    columns: Mapping[str, str] | None = None,
    dataset: str | None = None,
    limit: int | None = None,
) -> ProblemSet:
    """Read problems.

    Parameters
    ----------
    names
        Files, or names of benchmarks whose files are in `folder`.
    folder
        Where the files of benchmarks by name are.
    columns
        Which column holds ``problem``, ``gold`` or ``level``, where the usual names do not fit.
    dataset
        What to call the benchmark of rows that do not say.
    limit
        Take only the first problems of each file.

    Raises
    ------
    InputError
        If a name stands for no file, or a file holds no statements.
    """
    found = ProblemSet()
    known: set[str] = set()
    for name in names:
        path, benchmark = _file(str(name), folder)
        told = [*_read(path, benchmark, columns or {}, dataset, found.notes)]
        if benchmark is not None and len(told) != benchmark.n:
            found.notes.append(f"{path.name} has {len(told)} problems; {benchmark.name} has {benchmark.n}")
        new = [problem for problem in told if problem.problem_id not in known]
        if len({problem.problem_id for problem in new}) < len(told):
            new = list({problem.problem_id: problem for problem in reversed(new)}.values())[::-1]
            found.notes.append(
                f"{path.name}: {len(told) - len(new)} problems are there twice; each is posed once"
            )
        known.update(problem.problem_id for problem in new)
        found.problems += new[:limit]
    if not found.problems:
        raise InputError(
            f"no problems in {', '.join(map(str, names)) or 'nothing'}; name a file with --problems"
        )
    return found


def _file(name: str, folder: Path | None) -> tuple[Path, Benchmark | None]:
    """Return the file that a name stands for, and the benchmark that it is."""
    path = Path(name)
    if path.is_file():
        return path, _by_stem(path)
    if path.is_dir():
        raise InputError(
            f"{path} is a folder: name a benchmark in it: --problems aime24 --problems-dir {path}"
        )
    wanted = benchmarks().get(name) or _by_stem(path)
    if wanted is None or path.suffix:
        known = ", ".join(benchmarks())
        raise InputError(f"{name!r} is neither a file nor a benchmark that is known by name ({known})")
    if folder is None:
        raise InputError(
            f"the problems of {name} are not shipped; say where they are with --problems-dir DIR"
        )
    if not folder.is_dir():
        raise InputError(f"--problems-dir {folder} is no folder")
    for stem in wanted.files:
        for found in sorted(folder.iterdir()):
            if found.is_file() and _SUFFIXES.sub("", found.name).casefold() == stem:
                return found, wanted
    usual = ", ".join(f"{stem}.jsonl" for stem in wanted.files[:2])
    raise InputError(f"no file of {wanted.name} is in {folder}; it would be called {usual} or the like")


def _by_stem(path: Path) -> Benchmark | None:
    stem = _SUFFIXES.sub("", path.name).casefold()
    return next((found for found in benchmarks().values() if stem in found.files), None)


def _read(
    path: Path,
    benchmark: Benchmark | None,
    columns: Mapping[str, str],
    dataset: str | None,
    notes: list[str],
) -> Iterator[Problem]:
    unknown = sorted(set(columns) - {"problem", "gold", "level"})
    if unknown:
        raise InputError(f"--map {unknown[0]}=...: a problem has the fields problem, gold and level")
    source = as_source(path)
    skipped = n = 0
    for item in rows(source, container_of(source)):
        problem = None if isinstance(item, Skipped) else _problem(item, path, benchmark, columns, dataset)
        if problem is None:
            skipped += 1
            continue
        n += 1
        yield problem
    if not n:
        wanted = columns.get("problem") or ", ".join(benchmark.problem if benchmark else _PROBLEM)
        raise InputError(f"{path} has no problems: no row has a column {wanted}; say --map problem=COLUMN")
    if skipped:
        notes.append(f"{path.name}: {skipped} rows have no statement and were left out")


def _problem(
    row: Row, path: Path, benchmark: Benchmark | None, columns: Mapping[str, str], dataset: str | None
) -> Problem | None:
    data = row.data if isinstance(row.data, dict) else {}
    statement = _first(data, _columns("problem", columns, benchmark.problem if benchmark else _PROBLEM))
    identity = problem_id(statement)
    if statement is None or identity is None:
        return None
    named = text(data.get("benchmark")) or text(data.get("dataset"))
    called = benchmark.name if benchmark else named or dataset or _SUFFIXES.sub("", path.name)
    gold = _first(data, _columns("gold", columns, benchmark.gold if benchmark else _GOLD))
    level = _first(data, _columns("level", columns, _LEVEL))
    if benchmark is not None and benchmark.kind == "choice":
        options, gold = choices_of(identity, gold, [text(data.get(name)) for name in benchmark.wrong])
        return Problem(called, statement, gold, level, options)
    return Problem(called, statement, answer_of(gold), level)


def _columns(field_name: str, columns: Mapping[str, str], usual: Sequence[str]) -> Sequence[str]:
    return (columns[field_name],) if field_name in columns else usual


def _first(data: Mapping[str, Any], names: Iterable[str]) -> str | None:
    for name in names:
        value = text(data.get(name))
        if value is not None and value.strip():
            return value.strip()
    return None
