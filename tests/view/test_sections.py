"""What bans cost and how far students follow, as tables of a report."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow as pa
import pytest

from reasonlens.core.study import Study
from reasonlens.core.tables import table
from reasonlens.view.sections import sections


def filled(name: str, rows: list[dict[str, object]]) -> pa.Table:
    schema = table(name).schema
    blank = {
        field.name: math.nan
        if pa.types.is_floating(field.type)
        else 0
        if pa.types.is_integer(field.type)
        else ""
        for field in schema
        if not pa.types.is_list(field.type)
    }
    lists = {field.name: [] for field in schema if pa.types.is_list(field.type)}
    return pa.Table.from_pylist([{**blank, **lists, **row} for row in rows], schema=schema)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    made = Study(tmp_path / "s", create=True)
    arm = {"model": "m", "arm": "target", "role": "target", "words": ["wait", "but"], "n_problems": 1200}
    effects = [
        {**arm, "measure": "accuracy", "value": -0.125, "low": -0.2, "high": -0.05},
        {**arm, "measure": "length/words", "value": -30.0},
    ]
    made.write("effects", "m", filled("effects", effects))
    pair = {"teacher": "t", "group": "s", "decomposer": "baseline", "dataset": "toy", "n_problems": 7}
    rates = [
        {**pair, "quantity": "reward_normalized", "value": 0.5, "low": 0.4, "high": 0.6},
        {**pair, "quantity": "reward_normalized", "value": 9.0, "reference": "u"},
        {**pair, "quantity": "steps", "value": 3.0},
    ]
    made.write("structure_rates", "x", filled("structure_rates", rates))
    return made


def test_both_tables(study: Study) -> None:
    bans, followed = sections(study)
    assert bans.rows == (("m", "target", "wait, but", "-12.5 [-20.0, -5]", "-30.0", "1,200"),)
    assert bans.heads[3:] == ("accuracy, points", "words per response", "Problems")
    assert followed.rows == (("t", "s", "baseline", "0.5 [0.4, 0.6]", "–", "–", "–", "7"),)


def test_a_study_without_them(tmp_path: Path) -> None:
    assert sections(Study(tmp_path / "none", create=True)) == []
