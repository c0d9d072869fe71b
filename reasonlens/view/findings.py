"""What differs, in sentences: contrasts of a study with their intervals, the clear ones first."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import pandas as pd

from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED

__all__ = ["Finding", "Grid", "exclusions", "findings", "grid", "methods", "title_of"]

_ALPHA = 0.05
_SIDES = re.compile(" [/-] ")
_TABLES = ("estimates", "comparisons")
_NOT_TOLD = re.compile(r"/first/log-rank")  # a test of what the restricted mean says in words
_REASON = re.compile(r"^(.*): ([\d,]+)$")
_NAMES = {
    "length/words": "words per response",
    "looping": "looping responses",
    "truncated": "truncated responses",
    "accuracy": "accuracy",
}
_JUDGED = {
    "presence": "responses with",
    "response": "instances per response of",
    "words": "instances per 1,000 words of",
}


def title_of(measure: str) -> str:
    """Return a measure in words.

    Examples
    --------
    >>> title_of("flexible_reasoning/anthropomorphic/words")
    'anthropomorphic, hits per 1,000 words'
    >>> title_of("rules@1/verification/presence"), title_of("length/words")
    ('responses with verification (rules@1)', 'words per response')
    >>> title_of("flexible_reasoning/logical_connectors/first/restricted-mean")
    'words before the first of logical connectors'
    """
    if measure in _NAMES:
        return _NAMES[measure]
    first, *rest = measure.replace("_", " ").split("/")
    if rest and rest[-1] == "restricted-mean":
        return f"words before the first of {rest[0]}"
    if len(rest) == 2 and ("@" in first or ":" in first or rest[1] != "words") and rest[1] in _JUDGED:
        return f"{_JUDGED[rest[1]]} {rest[0]} ({first})"
    if len(rest) == 2 and rest[1] == "words":
        return f"{rest[0]}, hits per 1,000 words"
    return "/".join([first, *rest])


@dataclass(frozen=True, slots=True)
class Finding:
    """A contrast between two groups on the problems that they share, over all benchmarks."""

    measure: str
    group: str
    reference: str
    value: float
    low: float
    high: float
    unit: str
    p_adjusted: float
    n_problems: int
    n_traces: int
    method: str
    tested: str = ""

    @property
    def clear(self) -> bool:
        """Whether the corrected test finds a difference."""
        return self.p_adjusted < _ALPHA

    @property
    def sentence(self) -> str:
        """The finding in words; what the data do not show is not called equal."""
        what = title_of(self.measure)
        limits = "no interval" if math.isnan(self.low) else f"95% interval {_n(self.low)} to {_n(self.high)}"
        p = "" if math.isnan(self.p_adjusted) else f", corrected p{self.tested} {_p(self.p_adjusted)}"
        data = f"{self.n_problems:,} shared problems, {self.n_traces:,} responses"
        if math.isnan(self.value):
            return f"{what}: undefined for {self.group} against {self.reference} ({data}{p})."
        size = (
            f"{_n(self.value)} times" if self.unit == "ratio" else f"{self.value:+.3g} ({self.unit}) beside"
        )
        verdict = "" if self.clear else "; a difference is not shown"
        return f"{what}: {self.group} {size} {self.reference} ({limits}{p}; {data}){verdict}."

    @property
    def cell(self) -> str:
        """The finding in a cell: a ratio with its sign, or a difference."""
        if math.isnan(self.value):
            return "undefined"
        size = f"{_n(self.value)}×" if self.unit == "ratio" else f"{self.value:+.3g}"
        return size if math.isnan(self.low) else f"{size} [{_n(self.low)}, {_n(self.high)}]"


@dataclass(frozen=True, slots=True)
class Grid:
    """Findings as a table: a row per measure, a column per pair of groups; a cell may be empty."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Finding | None, ...]], ...]


def grid(found: list[Finding]) -> Grid:
    """Return findings as a table, measures in the order of their largest clear difference."""
    columns = tuple(sorted({(one.reference, one.group) for one in found}))
    by = {(one.measure, one.reference, one.group): one for one in found}
    measures = dict.fromkeys(one.measure for one in found)
    rows = tuple((title_of(m), tuple(by.get((m, *pair)) for pair in columns)) for m in measures)
    return Grid(columns, rows)


def _n(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _p(p: float) -> str:
    return "below .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def findings(study: Study) -> list[Finding]:
    """Return the pooled contrasts of a study, clear ones first, the largest first.

    A ratio stands with the test of its difference, as in the tables that the commands print: where a side
    has few hits, the ratio has wide limits and the difference is clear all the same.
    """
    found: dict[tuple[str, str, str], Finding] = {}
    for name in _TABLES:
        earlier = set(found)
        for row in _contrasts(study, name).to_dict("records"):
            reference = row["reference"] or _SIDES.split(row["contrast"])[-1]
            one = Finding(
                row["measure"],
                row["group"],
                reference,
                float(row["value"]),
                float(row["low"]),
                float(row["high"]),
                row["unit"],
                float(row["p_adjusted"]),
                int(row["n_problems"]),
                int(row["n_traces"]),
                row["method"],
            )
            key = (one.measure, one.group, reference)
            before = found.get(key)
            if before is None:
                found[key] = one
            elif math.isnan(before.value) and not math.isnan(one.value):  # a difference where no ratio is
                p = before.p_adjusted if math.isnan(one.p_adjusted) else one.p_adjusted
                found[key] = replace(one, p_adjusted=p)
            elif key not in earlier and before.unit == "ratio" != one.unit and not math.isnan(one.p_adjusted):
                found[key] = replace(before, p_adjusted=one.p_adjusted, tested=" of the difference")
    return sorted(found.values(), key=_rank)


def _contrasts(study: Study, name: str) -> pd.DataFrame:
    if not (study.path / name).is_dir():
        return pd.DataFrame(columns=["reference", "contrast"])
    frame = study.read(name).to_pandas()
    for column in ("reference", "contrast", "adjusted", "without"):
        if column not in frame:
            frame[column] = ""
    named = (frame["contrast"] != "") | (frame["reference"] != "")
    whole = (frame["without"] == "") & ~frame["measure"].str.contains("/without-", regex=False)
    main = whole & (frame["adjusted"] == "") & (frame["dataset"] == POOLED) & (frame["n_problems"] > 0)
    ratios_first = frame["unit"].ne("ratio")
    main &= ~frame["measure"].str.contains(_NOT_TOLD)
    kept: pd.DataFrame = frame.assign(_last=ratios_first)[named & main].sort_values("_last", kind="stable")
    return kept


def _rank(one: Finding) -> tuple[bool, float, str, str]:
    size = 0.0
    if not math.isnan(one.value) and one.value > 0 and one.unit == "ratio":
        size = abs(math.log(one.value))
    return (not one.clear, -size, one.measure, one.group)


def methods(study: Study) -> list[tuple[str, str]]:
    """Return the methods that estimates of a study name, each with the tables that use it."""
    found: dict[str, set[str]] = {}
    for name in study.tables():
        schema = study.dataset(name).schema
        if "method" in schema.names and "estimand" in schema.names:
            rows = study.read(name, columns=["method", "estimand"]).to_pandas().drop_duplicates()
            for row in rows.to_dict("records"):
                found.setdefault(f"{row['method']} ({row['estimand']})", set()).add(name)
    return sorted((method, ", ".join(sorted(tables))) for method, tables in found.items())


def exclusions(study: Study) -> list[tuple[str, str, int]]:
    """Return what analyses left out: table, reason, and the largest number of traces in one estimate."""
    found: dict[tuple[str, str], int] = {}
    for name in study.tables():
        if "excluded_why" in study.dataset(name).schema.names:
            rows = study.read(name, columns=["excluded", "excluded_why"]).to_pandas()
            for row in rows[rows["excluded"] > 0].to_dict("records"):
                for why, n in _reasons(str(row["excluded_why"]), int(row["excluded"])):
                    found[name, why] = max(found.get((name, why), 0), n)
    return [(table, why, n) for (table, why), n in sorted(found.items())]


def _reasons(text: str, n: int) -> list[tuple[str, int]]:
    """Return each reason with its number: ``"looping: 3; empty: 1"``."""
    parts = [_REASON.match(part) for part in text.split("; ")]
    if not all(parts):
        return [(text or "no reason given", n)]
    return [(part[1], int(part[2].replace(",", ""))) for part in parts if part]
