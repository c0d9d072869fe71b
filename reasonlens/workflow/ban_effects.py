"""Rows of the table `effects`: what each arm of a ban experiment does, against the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.estimate import LIKE, Estimate
from reasonlens.stats.means import paired_difference
from reasonlens.stats.permutation import sign_flip_test
from reasonlens.stats.sampling import pass_at_k
from reasonlens.stats.strata import strata_test
from reasonlens.workflow.ban_arms import Design, Planned
from reasonlens.workflow.ban_length import by_length
from reasonlens.workflow.ban_rising import rising
from reasonlens.workflow.ban_strata import STRATA
from reasonlens.workflow.ban_words import problem_words

__all__ = [
    "ACROSS",
    "ALL",
    "MEASURES",
    "compared",
    "measured",
    "pairs",
    "parts_by_length",
    "rising_words",
    "strata",
]

ALL = "(all)"
"""The dataset of rows about all problems."""

ACROSS = "accuracy/strata"
"""The measure of the rows that say whether an effect on accuracy differs between strata."""

MEASURES = {
    "accuracy": "share of responses",
    "length/words": "words per response",
    "truncated": "share of responses",
    "no_answer": "share of responses",
}
"""What is compared, with its unit; pass@k comes beside these."""

_WORDS = 40  # rising words kept


def compared(frame: pd.DataFrame, arms: Sequence[Planned], design: Design) -> list[dict[str, Any]]:
    """Compare every arm with the baseline on every measure, on the same problems and samples."""
    rows = []
    for arm in arms:
        if arm.role == "baseline":
            continue
        rows += [measured(frame, arm, measure, design, unit=unit) for measure, unit in MEASURES.items()]
        rows += _several_tries(frame, arm, design)
    return rows


def parts_by_length(frame: pd.DataFrame, arms: Sequence[Planned], design: Design) -> list[dict[str, Any]]:
    """Split the effect of the target on accuracy in what goes with length and what does not."""
    rows = []
    for arm in (a for a in arms if a.role == "target"):
        for measure, found in by_length(frame, arm.condition, seed=design.seed).items():
            rows.append(_row(arm, measure, found, "share of responses", design))
    return rows


def rising_words(study: Study, model: str, arms: Sequence[Planned], design: Design) -> list[dict[str, Any]]:
    """Return the words that rise under the target ban, as measures ``word/...``."""
    rows = []
    for arm in (a for a in arms if a.role == "target"):
        before, under = (problem_words(study, model, name) for name in ("baseline", arm.condition))
        found = rising(before, under, arm.words)
        for word in found[:_WORDS].to_dict("records"):
            n = int(word["n_problems"])
            value = Estimate(
                word["value"], word["low"], word["high"], 0.95, "paired t of log rates", n, 0, LIKE
            )
            row = _row(arm, f"word/{word['word']}", value, "ratio of rates among other words", design)
            family = f"words under the ban: {word['n_tested']} tests (BH)"
            rows.append(
                {
                    **row,
                    **{name: word[name] for name in ("baseline", "p_value", "p_adjusted")},
                    "family": family,
                }
            )
    return rows


def strata(
    frame: pd.DataFrame, arms: Sequence[Planned], design: Design, strength: pd.Series
) -> list[dict[str, Any]]:
    """Compare accuracy within strata of problems; their name stands in the column `dataset`.

    The row `ACROSS` of each arm tests whether the effect differs between the strata: its value is the effect
    in the hardest less that in the easiest.

    Raises
    ------
    InputError
        If no problem of the experiment has a stratum.
    """
    known = frame["problem_id"].map(strength)
    if known.isna().all():
        raise InputError(
            "--difficulty-from knows none of the problems of this experiment; are they the same ones? "
            "Problems are told apart by their texts"
        )
    rows = []
    for arm in (a for a in arms if a.role in ("target", "placebo", "repeat")):
        for name in STRATA:
            if (known == name).any():
                row = measured(frame[known == name], arm, "accuracy", design, unit=MEASURES["accuracy"])
                rows.append({**row, "dataset": name})
        rows.append(_across(frame, arm, design, strength))
    return rows


def _across(frame: pd.DataFrame, arm: Planned, design: Design, strength: pd.Series) -> dict[str, Any]:
    """Return the row that says whether the effect differs between strata."""
    both = pairs(frame, arm.condition, "accuracy").dropna()
    means = both.groupby("problem_id").mean()
    change = (means["arm"] - means["baseline"]).rename("change").to_frame()
    change["stratum"] = strength.reindex(change.index)
    told = change.dropna()
    present = [name for name in STRATA if (told["stratum"] == name).any()]
    number = told["stratum"].map({name: i for i, name in enumerate(STRATA)}).astype("int64")
    test = strata_test(told["change"].to_numpy(), number.to_numpy(), seed=design.seed)
    value = np.nan
    if len(present) > 1:
        first, last = (float(told.loc[told["stratum"] == present[i], "change"].mean()) for i in (0, -1))
        value = first - last
    n = 2 * int(both.index.get_level_values("problem_id").isin(told.index).sum())
    found = Estimate(value, np.nan, np.nan, 0.95, test.method, len(told), n, LIKE, test.p_value)
    row = _row(arm, ACROSS, found, "share of responses, hardest stratum less easiest", design)
    left = 2 * len(both) - n
    return {**row, "excluded": left, "excluded_why": f"problem without a stratum: {left}" if left else ""}


def measured(
    frame: pd.DataFrame, arm: Planned, measure: str, design: Design, *, unit: str, why: str = "no verdict"
) -> dict[str, Any]:
    """Return the row of one arm and measure: the mean over problems of the change to the same samples.

    Parameters
    ----------
    frame
        One row per response; its column `measure` is NaN where there is no value.
    unit
        Of the measure.
    why
        Why a response has no value.
    """
    both = pairs(frame, arm.condition, measure)
    known = both.dropna()
    means = known.groupby("problem_id").mean()
    one, two, n = means["arm"], means["baseline"], 2 * len(known)
    found = paired_difference(one.to_numpy(), two.to_numpy(), n=n) if len(one) else _nothing()
    row = _row(arm, measure, found, unit, design)
    if measure == "accuracy" and len(one) > 1:
        test = sign_flip_test((one - two).to_numpy(), seed=design.seed)
        row["p_value"], row["method"] = test.p_value, f"{found.method}; p: {test.method}"
    left = 2 * (len(both) - len(known))
    row |= {"baseline": float(two.mean()) if len(two) else np.nan, "n_traces": n, "excluded": left}
    row["excluded_why"] = f"{why}: {left}" if left else ""
    if arm.role == "control":
        row["p_value"] = np.nan  # they are what the target is ranked among, not tests
    return row


def _several_tries(frame: pd.DataFrame, arm: Planned, design: Design) -> list[dict[str, Any]]:
    """Return the rows of pass@2, pass@4, ... as far as every problem has that many samples on both sides."""
    known = pairs(frame, arm.condition, "accuracy").dropna()
    if known.empty:
        return []
    cells = known.groupby("problem_id")
    n, right = cells.size().to_numpy(), cells.sum()
    rows = []
    for k in (2**i for i in range(1, int(n.min()).bit_length())):
        one, two = (pass_at_k(n, right[side].to_numpy(), k) for side in ("arm", "baseline"))
        found = paired_difference(one, two, n=2 * len(known))
        row = _row(arm, f"pass@{k}", found, f"share of problems solved in {k} tries", design)
        row["baseline"] = float(two.mean())
        rows.append(row if arm.role != "control" else {**row, "p_value": np.nan})
    return rows


def pairs(frame: pd.DataFrame, arm: str, measure: str) -> pd.DataFrame:
    """Return a measure under a ban and at baseline by problem and sample: the columns ``arm baseline``."""
    keys = ["problem_id", "sample"]
    few = frame[[*keys, "condition", measure]]  # the texts need not be copied
    sides = [few[few["condition"] == name].set_index(keys)[measure] for name in (arm, "baseline")]
    return pd.concat(sides, axis=1, keys=["arm", "baseline"], join="inner")


def _row(arm: Planned, measure: str, found: Estimate, unit: str, design: Design) -> dict[str, Any]:
    return {
        "measure": measure,
        "arm": arm.name,
        "role": arm.role,
        "dataset": ALL,
        "words": list(arm.words),
        "baseline": np.nan,
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "level": found.level,
        "unit": unit,
        "method": found.method,
        "estimand": found.estimand,
        "n_problems": found.n_problems,
        "n_traces": found.n,
        "p_value": found.p_value,
        "p_adjusted": np.nan,
        "family": "",
        "seed": design.seed,
        "excluded": 0,
        "excluded_why": "",
    }


def _nothing() -> Estimate:
    return Estimate(np.nan, np.nan, np.nan, 0.95, "no shared problems", 0, 0, LIKE)
