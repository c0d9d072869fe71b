"""What a ban costs on easy and on hard problems, by how often another model solves them."""

from __future__ import annotations

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reasonlens.figures._ban_points import ALL, about, of_one_model, point
from reasonlens.figures._benchmarks import place_footer
from reasonlens.figures._style import DOUBLE, RC

__all__ = ["NEEDS", "TITLE", "data", "draw"]

TITLE = "effects of banned words on easy and hard problems"
NEEDS = ("effects",)

_ARMS = {
    "target": ("all words", "#D55E00", "D"),
    "placebo": ("placebo words", "#0072B2", "o"),
    "repeat": ("baseline again (A/A)", "0.45", "s"),
}
_ACROSS = "accuracy/strata"
_STRATA = ("never solved", "solved up to 25%", "solved 25-75%", "solved above 75%")


def data(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the effects on accuracy within strata, and the tests that these differ.

    Raises
    ------
    InputError
        If there is none.
    """
    within = (effects["measure"] == "accuracy") & effects["dataset"].isin(_STRATA)
    across = (effects["measure"] == _ACROSS) & (effects["dataset"] == ALL)
    roles = effects["role"].isin(list(_ARMS))
    how = "reasonlens ban-ablation --difficulty-from STUDY:MODEL"
    of_one_model(effects, within & roles, how)  # without strata there is nothing to draw
    found = of_one_model(effects, (within | across) & roles, how)
    found["place"] = found["dataset"].map({name: i for i, name in enumerate(_STRATA)}).fillna(len(_STRATA))
    return found.sort_values(["role", "place"], kind="stable").reset_index(drop=True)


def draw(frame: pd.DataFrame) -> Figure:
    """Draw the numbers that `data` returned."""
    tests = frame[frame["measure"] == _ACROSS]
    frame = frame[frame["measure"] != _ACROSS]
    strata = [name for name in _STRATA if (frame["dataset"] == name).any()]
    sizes = frame.groupby("dataset")["n_problems"].max()
    with rc_context(RC):  # type: ignore[arg-type]
        figure = Figure(figsize=(DOUBLE, 2.8), layout="constrained")
        ax = figure.subplots()
        ax.axhline(0, color="0.4", linewidth=0.6)
        for i, (role, (name, color, marker)) in enumerate(_ARMS.items()):
            for n, row in enumerate(frame[frame["role"] == role].to_dict("records")):
                x = strata.index(row["dataset"]) + 0.14 * (i - 1)
                point(ax, x, row, color=color, marker=marker, label="" if n else name)
        ax.set_xticks(range(len(strata)), [f"{name}\n{sizes[name]} problems" for name in strata])
        ax.set_xlabel("by another model")
        ax.set_ylabel("change in accuracy, points")
        ax.legend(frameon=False)
        ax.set_xlim(-0.5, len(strata) - 0.5)
        apart = "Strata are looked at one by one, without correction for their number."
        place_footer(figure, [about(frame), apart, *_said(tests)], 0.1)
    return figure


def _said(tests: pd.DataFrame) -> list[str]:
    """Return what the tests say of the effect in all strata, as a line if there is anything."""
    known = tests.dropna(subset=["p_value"]).set_index("role")["p_value"]
    parts = [f"{name} {_p(known[role])}" for role, (name, _, _) in _ARMS.items() if role in known]
    return [f"The same effect in all strata (their labels permuted): {', '.join(parts)}."] if parts else []


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < 0.001"
