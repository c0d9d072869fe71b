"""What the bans did: paired effects, the target's rank among its controls, dose, leaks, compensation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from reasonlens.bans.audit import Audit, audit
from reasonlens.core.errors import InputError
from reasonlens.core.manifest import digest_of
from reasonlens.core.study import Study
from reasonlens.graders import Limits
from reasonlens.lexicon import definition
from reasonlens.stats.multiplicity import holm
from reasonlens.stats.trend import page_trend
from reasonlens.workflow.ban_arms import Design, Planned
from reasonlens.workflow.ban_behaviors import behavior_rows, judged, labels_of
from reasonlens.workflow.ban_compensation import compensation
from reasonlens.workflow.ban_effects import ALL, compared, parts_by_length, rising_words, strata
from reasonlens.workflow.ban_flips import flips
from reasonlens.workflow.ban_strata import difficulty
from reasonlens.workflow.correctness import correctness
from reasonlens.workflow.grade import grade_study
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan

__all__ = ["Results", "check", "results"]

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
    flips
        Rows of the table `flips`: answers that each arm turns.
    """

    effects: pd.DataFrame
    leaks: dict[str, Audit]
    rank: tuple[float, int, int] | None
    trend: float
    trend_by_keyness: float
    compensation: pd.DataFrame
    flips: pd.DataFrame

    @property
    def leaking(self) -> list[str]:
        """The arms in whose texts a banned word stands."""
        return [name for name, found in self.leaks.items() if found.n_leaks]


def check(
    study: Path, model: str, *, difficulty_from: str | None = None, behaviors: str | None = None
) -> None:
    """Raise what `results` would raise after everything is drawn: a mistake should cost nothing.

    Raises
    ------
    InputError
        If the study has no labels of that judge, or nothing says how hard the problems are.
    """
    if behaviors is not None:
        labels_of(Study(study, create=True), behaviors)
    if difficulty_from:
        difficulty(difficulty_from, model)


def results(
    study: Study,
    model: str,
    arms: Sequence[Planned],
    design: Design,
    *,
    limits: Limits | None = None,
    difficulty_from: str | None = None,
    behaviors: str | None = None,
    begin: Callable[[int], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Results:
    """Grade what is not graded, count, audit and compare every arm with the baseline.

    Parameters
    ----------
    difficulty_from
        ``STUDY:MODEL`` or a file, whose solve rates make strata of problems (see
        `reasonlens.workflow.ban_strata`).
    behaviors
        The judge whose behaviors are compared, too (see `reasonlens.workflow.ban_behaviors`).
    begin, progress
        Called with the number of texts to judge, and with numbers of texts that are judged.

    Raises
    ------
    InputError
        If there is no baseline.
    """
    strength = difficulty(difficulty_from, model) if difficulty_from else None
    grade_study(study, limits=limits or Limits())
    lexicon = definition.load(design.lexicon)
    ingest((), Plan(study.path, lexicons=(lexicon,)), Settings())
    frame = _responses(study, model)
    if not (frame["condition"] == "baseline").any():
        raise InputError(
            f"the study {study.path} has no baseline of {model}; run reasonlens ban-ablation first"
        )
    rows = compared(frame, arms, design)
    rows += parts_by_length(frame, arms, design)
    rows += rising_words(study, model, arms, design)
    if strength is not None:
        rows += strata(frame, arms, design, strength)
    if behaviors is not None:
        pairs = judged(study, behaviors, begin=begin, progress=progress)
        rows += behavior_rows(study, frame, arms, design, pairs)
    effects = _corrected(pd.DataFrame(rows).assign(model=model))
    turned = flips(frame, arms, model)
    _keep(study, model, design, effects, turned)
    return Results(
        effects,
        _leaks(frame, arms, design),
        _rank(effects),
        _trend(frame, arms, "dose"),
        _trend(frame, arms, "dose_key"),
        compensation(study, frame, arms, design),
        turned,
    )


def _keep(study: Study, model: str, design: Design, effects: pd.DataFrame, turned: pd.DataFrame) -> None:
    name = f"ban-{digest_of([model, list(design.words)], 4)}"
    details = {"command": "ban-ablation", "words": list(design.words)}
    for table, rows in (("effects", effects), ("flips", turned)):
        if len(rows):
            study.write(table, name, pa.Table.from_pandas(rows, preserve_index=False), details=details)


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


def _corrected(effects: pd.DataFrame) -> pd.DataFrame:
    planned = (
        effects["role"].isin(_PLANNED) & (effects["measure"] == "accuracy") & (effects["dataset"] == ALL)
    )
    adjusted = effects["p_adjusted"].to_numpy(np.float64).copy()  # rising words have theirs
    adjusted[planned.to_numpy()] = holm(effects.loc[planned, "p_value"].to_numpy())
    family = f"accuracy of the planned arms: {int(planned.sum())} tests (Holm)"
    return effects.assign(p_adjusted=adjusted, family=np.where(planned, family, effects["family"]))


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
    mine = effects[(effects["measure"] == "accuracy") & (effects["dataset"] == ALL)]
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
