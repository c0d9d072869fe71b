"""Results come in order from any number of processes; a dead worker is one clear sentence."""

from __future__ import annotations

import os
import time

import pytest

from reasonlens.core.errors import ReasonlensError
from reasonlens.workflow import pool


def square(x: int) -> int:
    time.sleep(0.02 * (x % 3))
    return x * x


def die(x: int) -> int:
    if x == 2:
        os._exit(9)
    return x


def fail(x: int) -> int:
    return 1 // (2 - x)


@pytest.mark.parametrize(("jobs", "apart"), [(1, False), (1, True), (3, False)])
def test_results_keep_the_order_of_the_units(jobs: int, apart: bool) -> None:
    assert list(pool.run(square, range(10), jobs=jobs, apart=apart)) == [(x, x * x) for x in range(10)]


def test_units_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def units():
        for x in range(100):
            taken.append(x)
            yield x

    results = pool.run(square, units(), jobs=2)
    next(results)
    assert len(taken) <= 6
    results.close()


def test_a_worker_that_dies_is_one_clear_sentence() -> None:
    with pytest.raises(ReasonlensError, match=r"a worker process died.*what was finished is kept.*--jobs 1"):
        list(pool.run(die, range(5), jobs=2))


def test_an_error_in_a_worker_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        list(pool.run(fail, range(5), jobs=2))


def test_cores_is_at_least_one() -> None:
    assert pool.cores() >= 1
