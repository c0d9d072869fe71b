"""What the bans did: paired effects, the target's rank among its controls, dose, leaks, compensation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from reasonlens.bans.audit import Audit, audit
from reasonlens.core.errors import InputError
from reasonlens.core.manifest import digest_of
from reasonlens.core.study import Study
from reasonlens.graders import Limits
from reasonlens.lexicon import definition
from reasonlens.stats.estimate import LIKE, Estimate
from reasonlens.stats.means import paired_difference
from reasonlens.stats.multiplicity import holm
from reasonlens.stats.permutation import sign_flip_test
from reasonlens.stats.trend import page_trend
from reasonlens.workflow.ban_arms import Design, Planned
from reasonlens.workflow.ban_compensation import compensation
from reasonlens.workflow.correctness import correctness
from reasonlens.workflow.grade import grade_study
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan

__all__ = ["MEASURES", "Results", "results"]

MEASURES = {
    "accuracy": "share of responses",
    "length/words": "words per response",
    "truncated": "share of responses",
    "no_answer": "share of responses",
}
"""What is compared, with its unit."""

_PLANNED = ("target", "leave_in", "dose", "dose_key")


@dataclass(frozen=True, slots=True)
class Results:
    """The answer of an experiment.

    Attributes
    ----------
    effects
        Rows of the table `effects`: each arm against the baseline.
    leaks
        Per arm with banned words what the audit found.
    rank
        ``(p, controls at least as harmful, controls)`` of the target's effect on accuracy, or ``None``.
    trend, trend_by_keyness
        p of Page's trend of accuracy over doses (falling), or NaN.
    compensation
        Per category with banned words: how much of their rate others of the category take over.
    """

    effects: pd.DataFrame
    leaks: dict[str, Audit]
    rank: tuple[float, int, int] | None
    trend: float
    trend_by_keyness: float
    compensation: pd.DataFrame

    @property
    def leaking(self) -> list[str]:
        """The arms in whose texts a banned word stands."""
        return [name for name, found in self.leaks.items() if found.n_leaks]


def results(
    study: Study, model: str, arms: Sequence[Planned], design: Design, *, limits: Limits | None = None
) -> Results:
    """Grade what is not graded, count, audit and compare every arm with the baseline.

    Raises
    ------
    InputError
        If there is no baseline.
    """
    grade_study(study, limits=limits or Limits())
    lexicon = definition.load(design.lexicon)
    ingest((), Plan(study.path, lexicons=(lexicon,)), Settings())
    frame = _responses(study, model)
    if not (frame["condition"] == "baseline").any():
        raise InputError(
            f"the study {study.path} has no baseline of {model}; run reasonlens ban-ablation first"
        )
    rows = [
        _effect(frame, arm, measure, design) for arm in arms if arm.role != "baseline" for measure in MEASURES
    ]
    effects = _corrected(pd.DataFrame(rows).assign(model=model, dataset="(all)"))
    data = pa.Table.from_pandas(effects, preserve_index=False)
    name = f"ban-{digest_of([model, list(design.words)], 4)}"
    study.write("effects", name, data, details={"command": "ban-ablation", "words": list(design.words)})
    return Results(
        effects,
        _leaks(frame, arms, design),
        _rank(effects),
        _trend(frame, arms, "dose"),
        _trend(frame, arms, "dose_key"),
        compensation(study, frame, arms, design),
    )


def _responses(study: Study, model: str) -> pd.DataFrame:
    columns = [
        "trace_id",
        "problem_id",
        "model",
        "condition",
        "sample",
        "response",
        "health",
        "correct_source",
    ]
    found = []
    for part in study.parts("traces"):
        frame = pd.read_parquet(study.part_path("traces", part), columns=columns)
        frame["correct"] = correctness(study, part, frame)
        found.append(frame[frame["model"] == model])
    frame = pd.concat(found, ignore_index=True)
    lengths = (
        study.read("lengths", columns=["trace_id", "n_words"]).to_pandas().set_index("trace_id")["n_words"]
    )
    grades = study.read("grades", columns=["trace_id", "verdict"]).to_pandas()
    verdicts = grades.drop_duplicates("trace_id", keep="last").set_index("trace_id")["verdict"].astype("str")
    frame["accuracy"] = frame["correct"]
    frame["length/words"] = frame["trace_id"].map(lengths[~lengths.index.duplicated()]).astype("float64")
    frame["truncated"] = frame["health"].map(lambda f: float(f is not None and "truncated" in f))
    frame["no_answer"] = frame["trace_id"].map(verdicts).isin(["no_answer", "truncated"]).astype("float64")
    return frame


def _sides(frame: pd.DataFrame, arm: str, measure: str) -> tuple[pd.Series, pd.Series, int, int]:
    """Return problem means of arm and baseline (shared problems and samples), responses used and left out."""
    keys = ["problem_id", "sample"]
    sides = [frame[frame["condition"] == name].set_index(keys)[measure] for name in (arm, "baseline")]
    both = pd.concat(sides, axis=1, keys=["arm", "baseline"], join="inner")
    known = both.dropna()
    means = known.groupby("problem_id").mean()
    return means["arm"], means["baseline"], 2 * len(known), 2 * (len(both) - len(known))


def _effect(frame: pd.DataFrame, arm: Planned, measure: str, design: Design) -> dict[str, object]:
    one, two, n, left = _sides(frame, arm.condition, measure)
    found = paired_difference(one.to_numpy(), two.to_numpy(), n=n) if len(one) else _nothing()
    p, method = found.p_value, found.method
    if measure == "accuracy" and len(one) > 1:
        test = sign_flip_test((one - two).to_numpy(), seed=design.seed)
        p, method = test.p_value, f"{found.method}; p: {test.method}"
    return {
        "measure": measure,
        "arm": arm.name,
        "role": arm.role,
        "words": list(arm.words),
        "baseline": float(two.mean()) if len(two) else np.nan,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "unit": MEASURES[measure],
        "method": method,
        "estimand": found.estimand,
        "n_problems": found.n_problems,
        "n_traces": n,
        "p_value": np.nan if arm.role == "control" else p,
        "seed": design.seed,
        "excluded": left,
        "excluded_why": f"no verdict: {left}" if left else "",
    }


def _nothing() -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, 0.95, "no shared problems", 0, 0, LIKE)


def _corrected(effects: pd.DataFrame) -> pd.DataFrame:
    planned = effects["role"].isin(_PLANNED) & (effects["measure"] == "accuracy")
    adjusted = np.full(len(effects), np.nan)
    adjusted[planned.to_numpy()] = holm(effects.loc[planned, "p_value"].to_numpy())
    family = f"accuracy of the planned arms: {int(planned.sum())} tests (Holm)"
    return effects.assign(p_adjusted=adjusted, family=np.where(planned, family, ""))


def _leaks(frame: pd.DataFrame, arms: Sequence[Planned], design: Design) -> dict[str, Audit]:
    return {
        arm.name: audit(
            frame.loc[frame["condition"] == arm.condition, "response"], design.ban(arm.words, arm.name)
        )
        for arm in arms
        if arm.words
    }


def _rank(effects: pd.DataFrame) -> tuple[float, int, int] | None:
    """Return p = (1 + number of controls at least as harmful) / (controls + 1)."""
    mine = effects[effects["measure"] == "accuracy"]
    controls = mine.loc[mine["role"] == "control", "value"].dropna()
    target = mine.loc[mine["role"] == "target", "value"].dropna()
    if controls.empty or target.empty:
        return None
    worse = int((controls <= target.iloc[0]).sum())
    return (1 + worse) / (len(controls) + 1), worse, len(controls)


def _trend(frame: pd.DataFrame, arms: Sequence[Planned], role: str) -> float:
    names = ["baseline", *(a.condition for a in arms if a.role == role), "target"]
    if len(names) < 3:
        return float("nan")
    means = frame[frame["condition"].isin(names)].groupby(["problem_id", "condition"])["accuracy"].mean()
    table = means.unstack().reindex(columns=names).dropna()
    return float(page_trend(table.to_numpy(), falling=True).p_value) if len(table) > 1 else float("nan")
