"""How much of a ban's effect on accuracy goes with the length of the responses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reasonlens.stats.arrays import Floats
from reasonlens.stats.bootstrap import bootstrap_of_sums
from reasonlens.stats.estimate import Estimate

__all__ = ["PARTS", "by_length"]

PARTS = {
    "accuracy/with_length": "the part of the effect on accuracy that goes with length",
    "accuracy/beside_length": "the part of the effect on accuracy that does not go with length",
}
"""The two parts by the names of their measures; they add up to the effect on accuracy."""


def by_length(frame: pd.DataFrame, arm: str, *, seed: int) -> dict[str, Estimate]:
    """Split the effect of an arm on accuracy in two, with and beside log length.

    Parameters
    ----------
    frame
        A row per response: ``problem_id sample condition accuracy length/words``.
    arm
        The condition that is compared with ``baseline``.
    seed
        Of the bootstrap over problems.

    Returns
    -------
    dict of str to Estimate
        Under the names of `PARTS`; empty if a problem or a slope is lacking.

    Notes
    -----
    With length: ``b * mean(change of log words)``, where ``b`` is the slope of accuracy on log words
    within problem and arm (product of coefficients, Baron and Kenny 1986,
    doi:10.1037/0022-3514.51.6.1173). This is what length causes only if accuracy is linear in log
    words with the same slope in both arms and nothing else moves length and accuracy of responses to
    one problem. The last is doubtful: a response that goes astray is long because it is going wrong.
    It is therefore to be read as a description.
    """
    table = _sums(frame, arm)
    if len(table) < 2 or not table[:, 4].sum() > 0:
        return {}
    n = int(frame["condition"].isin([arm, "baseline"]).sum())

    def with_length(sums: Floats) -> Floats:
        return np.asarray(sums[..., 2] / sums[..., 0] * sums[..., 3] / sums[..., 4])

    def beside(sums: Floats) -> Floats:
        return np.asarray(sums[..., 1] / sums[..., 0] - with_length(sums))

    found = (bootstrap_of_sums(part, table, seed=seed, n=n) for part in (with_length, beside))
    return dict(zip(PARTS, found, strict=True))


def _sums(frame: pd.DataFrame, arm: str) -> Floats:
    """Return per problem: 1, difference in accuracy, in log words, and both sums of products within arms."""
    two = frame[frame["condition"].isin([arm, "baseline"])]
    two = two[["problem_id", "sample", "condition", "accuracy", "length/words"]].dropna()
    two = two[two["length/words"] > 0]
    y = two["accuracy"].astype("float64")
    made = two[["problem_id", "sample", "condition"]].assign(y=y, x=np.log(two["length/words"]))
    both = made.groupby(["problem_id", "sample"])["condition"].transform("nunique") == 2
    made = made[both]
    cell = made.groupby(["problem_id", "condition"])
    x, y = made["x"] - cell["x"].transform("mean"), made["y"] - cell["y"].transform("mean")
    products = made.assign(xy=x * y, xx=x * x).groupby("problem_id")[["xy", "xx"]].sum()
    means = cell[["y", "x"]].mean().unstack("condition").dropna()
    if means.empty:
        return np.zeros((0, 5))
    change = [means[name][arm] - means[name]["baseline"] for name in ("y", "x")]
    columns = [np.ones(len(means)), *change, *(products.loc[means.index, name] for name in ("xy", "xx"))]
    return np.column_stack(columns).astype(np.float64)
