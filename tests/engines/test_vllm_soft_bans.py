"""Graded bans, coins and phases in the real engine: the same body as for transformers in the main suite."""

from __future__ import annotations

import pytest

from reasonlens.backends import Backend
from tests.bans import soft_body as body

N = 160


@pytest.fixture(scope="module")
def draw(engine: Backend) -> body.Draw:
    return body.drawing(engine, N)


def test_a_heavier_penalty_leaves_fewer(draw: body.Draw) -> None:
    body.check_penalties(draw)


def test_a_coin_lets_some_through(draw: body.Draw) -> None:
    body.check_coins(draw)


def test_a_ban_in_the_reasoning_ends_with_it(draw: body.Draw) -> None:
    body.check_reasoning(draw)


def test_a_ban_in_the_first_quarter_ends_with_it(engine: Backend, draw: body.Draw) -> None:
    body.check_quarter(engine, draw)
