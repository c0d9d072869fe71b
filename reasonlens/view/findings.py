"""What differs, in sentences: contrasts of a study with their intervals, the clear ones first."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pandas as pd

from reasonlens.core.study import Study
from reasonlens.core.tables import POOLED

__all__ = ["Finding", "exclusions", "findings", "methods"]

_ALPHA = 0.05
_SIDES = re.compile(" [/-] ")
_TABLES = ("estimates", "comparisons")


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

    @property
    def clear(self) -> bool:
        """Whether the corrected test finds a difference."""
        return self.p_adjusted < _ALPHA

    @property
    def sentence(self) -> str:
        """The finding in words; what the data do not show is not called equal."""
        what = self.measure.removesuffix("/words").replace("_", " ")
        limits = "no interval" if math.isnan(self.low) else f"95% interval {self.low:.3g} to {self.high:.3g}"
        p = "" if math.isnan(self.p_adjusted) else f", corrected p {_p(self.p_adjusted)}"
        data = f"{self.n_problems:,} shared problems, {self.n_traces:,} responses"
        if math.isnan(self.value):
            return f"{what}: undefined for {self.group} against {self.reference} ({data}{p})."
        size = (
            f"{self.value:.3g} times" if self.unit == "ratio" else f"{self.value:+.3g} ({self.unit}) beside"
        )
        verdict = "" if self.clear else "; a difference is not shown"
        return f"{what}: {self.group} {size} {self.reference} ({limits}{p}; {data}){verdict}."


def _p(p: float) -> str:
    return "below .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def findings(study: Study) -> list[Finding]:
    """Return the pooled contrasts of a study, clear ones first, the largest first."""
    found: dict[tuple[str, str, str], Finding] = {}
    for name in _TABLES:
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
            if key not in found or (one.unit == "ratio" and math.isnan(found[key].value)):
                found[key] = one
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
    """Return what analyses left out: table, reason, and the largest number of traces."""
    found: dict[tuple[str, str], int] = {}
    for name in study.tables():
        if "excluded_why" in study.dataset(name).schema.names:
            rows = study.read(name, columns=["excluded", "excluded_why"]).to_pandas()
            for row in rows[rows["excluded"] > 0].to_dict("records"):
                key = (name, str(row["excluded_why"]))
                found[key] = max(found.get(key, 0), int(row["excluded"]))
    return [(table, why, n) for (table, why), n in sorted(found.items())]
