"""The split by length against a simulation whose parts are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reasonlens.workflow.ban_length import by_length

WITH, BESIDE = -0.3 * 0.4, -0.10  # log words fall by .3; accuracy falls by .4 per unit of log words


def simulated(problems: int = 150, samples: int = 24, seed: int = 5) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    shape = (problems, 2, samples)
    arm = np.array([0.0, 1.0])[None, :, None]
    usual = dice.normal(6, 0.5, (problems, 1, 1))  # long responses to hard problems: no part of the slope
    log_words = usual - 0.3 * arm + dice.normal(0, 0.25, shape)
    ease = 0.62 - 0.08 * (usual - 6)
    chance = ease + BESIDE * arm + 0.4 * (log_words - usual)
    right = dice.random(shape) < np.clip(chance, 0, 1)
    place = np.indices(shape).reshape(3, -1)
    return pd.DataFrame(
        {
            "problem_id": place[0].astype(str),
            "condition": np.where(place[1] == 1, "target", "baseline"),
            "sample": place[2],
            "accuracy": right.ravel().astype(float),
            "length/words": np.exp(log_words).ravel(),
        }
    )


def test_the_known_parts_are_found() -> None:
    found = by_length(simulated(), "target", seed=1)
    one, two = found["accuracy/with_length"], found["accuracy/beside_length"]
    assert one.low < WITH < one.high
    assert two.low < BESIDE < two.high
    assert one.high - one.low < 0.06
    assert (one.n_problems, one.n) == (150, 150 * 48)


def test_the_slope_is_that_of_a_regression_with_a_dummy_per_cell() -> None:
    frame = simulated(problems=6, samples=5)
    cells = pd.get_dummies(frame["problem_id"] + frame["condition"]).to_numpy(float)
    x = np.log(frame["length/words"].to_numpy())
    slope = np.linalg.lstsq(np.column_stack([x, cells]), frame["accuracy"].to_numpy(), rcond=None)[0][0]
    change = frame.assign(x=x).groupby("condition")["x"].mean()
    found = by_length(frame, "target", seed=1)["accuracy/with_length"]
    assert found.value == pytest.approx(slope * (change["target"] - change["baseline"]))


def test_without_a_slope_there_are_no_parts() -> None:
    same = simulated(problems=4, samples=3).assign(**{"length/words": 100.0})
    assert by_length(same, "target", seed=1) == {}
    assert by_length(same[same["condition"] == "baseline"], "target", seed=1) == {}
