"""How hard each problem is for another model: strata that no luck of the baseline has made.

The solve rates are those of a model of a study, or stand in a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.text.problems import problem_id
from reasonlens.workflow.ban_words import named_model
from reasonlens.workflow.correctness import correctness

__all__ = ["STRATA", "difficulty", "stratum"]

STRATA = ("never solved", "solved up to 25%", "solved 25-75%", "solved above 75%")
"""The strata by the share of the other model's responses that are right."""


def difficulty(source: str, model: str) -> pd.Series:
    """Return the stratum of each problem from the solve rate of another model.

    Parameters
    ----------
    source
        ``STUDY:MODEL``, or a file (.csv, .jsonl, .parquet) with a row per problem or per response: the
        column ``problem_id`` or ``problem`` (its text), and ``accuracy`` (a share) or ``correct``. A column
        ``model`` may say whose they are.
    model
        Whose ban is looked at: its own baseline cannot say how hard a problem is, since problems that were
        lucky there fall back in every other arm (regression to the mean).

    Returns
    -------
    pandas.Series
        Indexed by problem_id.

    Raises
    ------
    InputError
        If it is the same model, none of its responses has a verdict, or the file is not of that kind.
    """
    read = _FILES.get(Path(source).suffix.lower())
    rates = _of_study(source, model) if read is None else _of_file(Path(source), read, model)
    return rates.groupby("problem_id")["correct"].mean().map(stratum)


def _same_model(source: str) -> InputError:
    return InputError(
        f"--difficulty-from {source}: the model of the experiment cannot say how hard a problem is "
        "(what was lucky at baseline falls back in every arm); name another model"
    )


def _of_file(path: Path, read: Callable[[Path], pd.DataFrame], model: str) -> pd.DataFrame:
    try:
        frame = read(path)
    except (OSError, ValueError) as error:
        raise InputError(f"--difficulty-from {path} cannot be read: {error}") from None
    rates = next((name for name in ("accuracy", "correct") if name in frame), None)
    if rates is None or not {"problem_id", "problem"} & set(frame):
        raise InputError(
            f"--difficulty-from {path}: it needs the column problem_id or problem, and accuracy or correct; "
            f"it has {', '.join(map(str, frame.columns)) or 'none'}"
        )
    if "model" in frame and (frame["model"].astype("str") == model).any():
        raise _same_model(str(path))
    known = frame["problem_id"] if "problem_id" in frame else frame["problem"].map(problem_id)
    shares = pd.to_numeric(frame[rates], errors="coerce").astype("float64")
    wrong = frame[rates].notna() & ~shares.between(0, 1)
    if wrong.any():
        raise InputError(
            f"--difficulty-from {path}: {rates} {frame.loc[wrong, rates].iloc[0]} in row "
            f"{int(np.argmax(wrong)) + 1} is no share from 0 to 1"
        )
    return pd.DataFrame({"problem_id": known, "correct": shares}).dropna()


def _lines(path: Path) -> pd.DataFrame:
    return pd.DataFrame([json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()])


_FILES: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".jsonl": _lines,
    ".parquet": pd.read_parquet,
}


def _of_study(source: str, model: str) -> pd.DataFrame:
    place, other = named_model(source, "--difficulty-from")
    if other == model:
        raise _same_model(source)
    rates = []
    for part in place.parts("traces"):
        columns = ["trace_id", "problem_id", "model", "response", "correct_source"]
        frame = pd.read_parquet(place.part_path("traces", part), columns=columns)
        frame["correct"] = correctness(place, part, frame)
        rates.append(frame.loc[frame["model"] == other, ["problem_id", "correct"]].dropna())
    known = pd.concat(rates)
    if known.empty:
        raise InputError(
            f"--difficulty-from {source}: no response of {other} has a verdict; "
            f"run reasonlens grade {place.path}"
        )
    return known.astype({"correct": "float64"})


def stratum(rate: float) -> str:
    """Return the stratum of a solve rate.

    Examples
    --------
    >>> [stratum(rate) for rate in (0.0, 0.25, 0.26, 0.75, 1.0)]
    ['never solved', 'solved up to 25%', 'solved 25-75%', 'solved 25-75%', 'solved above 75%']
    """
    return STRATA[int(np.searchsorted([0.0, 0.25, 0.75], rate))]
