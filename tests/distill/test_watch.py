"""When the alarm is raised, and when not."""

from __future__ import annotations

import math

import pytest

from reasonlens.distill.watch import hacking

UP = [0.1, 0.2, 0.1, 0.2, 0.8, 0.9, 0.8, 0.9]


def _log(structure: list[float], accuracy: list[float]) -> list[dict[str, float]]:
    return [{"s": s, "a": a} for s, a in zip(structure, accuracy, strict=True)]


def test_structure_up_and_accuracy_down_is_said() -> None:
    found = hacking(_log(UP, UP[::-1]), "s", "a")
    assert found is not None
    means = (found.reward_before, found.reward_after, found.accuracy_before, found.accuracy_after)
    assert means == pytest.approx((0.15, 0.85, 0.85, 0.15))
    assert str(found).startswith("s rose from 0.150 to 0.850 while accuracy fell from 0.850 to 0.150")


@pytest.mark.parametrize(
    ("structure", "accuracy"),
    [
        (UP, UP),
        (UP[::-1], UP[::-1]),
        (UP, [0.5] * 8),
        (UP, [0.5, 0.1, 0.9, 0.5, 0.4, 0.1, 0.9, 0.5]),  # a small fall in much noise
        (UP[:7], UP[::-1][:7]),  # too few steps
        ([*UP[:7], math.nan], UP[::-1]),  # as few that are known
    ],
)
def test_anything_else_is_not(structure: list[float], accuracy: list[float]) -> None:
    assert hacking(_log(structure, accuracy), "s", "a") is None


def test_steps_without_noise_count() -> None:
    assert hacking(_log([0.0] * 4 + [1.0] * 4, [1.0] * 4 + [0.0] * 4), "s", "a") is not None
    assert hacking([{"s": 1.0}] * 9, "s", "a") is None
