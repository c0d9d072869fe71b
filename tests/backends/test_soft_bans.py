"""Graded bans, coins and phases through the transformers backend; `tests.engines` has the same with vLLM."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from reasonlens.backends import Backend, connect
from tests.backends.tiny_model import make_model
from tests.bans import soft_body as body

N = 160


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Backend:
    import torch

    torch.set_num_threads(1)  # more only get into each other's way on so small a model
    model = make_model(tmp_path_factory.mktemp("models") / "closing", closing=0.08)
    return connect("transformers", str(model), batch_size=N, device="cpu")


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
