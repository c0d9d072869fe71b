"""What a study already says of a judge's errors, for planning how many labels are needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.judges import ANSWERS
from reasonlens.stats.agreement_limits import judge_quality
from reasonlens.stats.prevalence import post_stratified
from reasonlens.workflow.agree_labels import KEY, judges_of, labels_of, majority, with_groups
from reasonlens.workflow.behaviors_store import HUMAN

__all__ = ["Known", "known_of"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Known:
    """What a plan rests on, and where it is from."""

    prevalence: float
    sensitivity: float
    specificity: float
    judged: int
    per_problem: float
    source: str


def known_of(study: Study, judge: str | None, behavior: str, text: str, usual: Known) -> Known:
    """Return what the labels of a study say; what they do not say is as `usual`.

    Without labels of people the errors of the judge are guesses, and the prevalence is what would give the
    judge's share with them.

    Raises
    ------
    InputError
        If there is no such judge, or several.
    """
    frame = labels_of(study, text, [behavior])
    machines = [name for name in judges_of(frame) if not name.startswith(HUMAN)]
    if judge is None and len(machines) != 1:
        raise InputError(f"which judge? Name one with --judge: {', '.join(machines) or 'none has labels'}")
    judge = judge or machines[0]
    if judge not in machines:
        raise InputError(f"{judge} has no labels of {behavior}; there are labels of {', '.join(machines)}")
    mine = frame[(frame["judge"] == judge) & (frame["repeat"] == 0) & frame["verdict"].isin(ANSWERS)]
    if mine.empty:
        raise InputError(f"{judge} gave no answer for {behavior}")
    people = majority(frame)[[*KEY, "verdict"]].rename(columns={"verdict": "gold"})
    found = with_groups(study, mine.merge(people, on=list(KEY), how="left"))
    said = np.asarray(found["verdict"] == "present", dtype=np.float64)
    gold = np.asarray(found["gold"].map({"present": 1.0, "absent": 0.0}), dtype=np.float64)
    sizes = found.groupby("problem").size()
    known = replace(usual, judged=len(found), per_problem=float(sizes.mean()))
    return _with_errors(known, said, gold, found["problem"].to_numpy(dtype=np.int64), judge)


def _with_errors(
    known: Known, said: Floats, gold: Floats, problem: npt.NDArray[np.int64], judge: str
) -> Known:
    labelled = ~np.isnan(gold)
    quality = judge_quality(said[labelled], gold[labelled], problem[labelled])
    se, sp = quality.sensitivity.value, quality.specificity.value
    if np.isnan(se) or np.isnan(sp):
        beyond = known.sensitivity + known.specificity - 1
        share = float(np.clip((said.mean() + known.specificity - 1) / beyond, 0.01, 0.99))
        source = f"{judge}: {len(said):,} verdicts; its errors are guesses until people have "
        source += "labelled responses of both sorts"
        return replace(known, prevalence=share, source=source)
    e = post_stratified(said, gold, problem)
    source = f"{judge}: {len(said):,} verdicts, {int(labelled.sum()):,} of them labelled by people"
    return replace(known, prevalence=float(e.value), sensitivity=se, specificity=sp, source=source)
