from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reasonlens.core.errors import InputError
from reasonlens.readers import Context, Record, Row, Skipped, verl
from reasonlens.readers._account import Account
from reasonlens.readers._detect import detect
from reasonlens.readers._units import read_unit, units

CHAT = (
    "system\nYou are helpful.\nuser\nWhat is 2 + 2?\n"
    "Please reason step by step, and put your final answer within \\boxed{}.\nassistant\n"
)


def _records(path: Path) -> list[Record | Skipped]:
    detected = detect(path)
    assert detected.format == "verl"
    return [item for unit in units(path, detected) for item in read_unit(unit, Context(path), Account())]


def _rollout(**more: Any) -> Record | Skipped:
    row = {"input": CHAT, "output": "It is 4.", "gts": "4", "score": 1.0, "step": 20, **more}
    (item,) = verl.read([Row("line 1", row)], Context(Path("20.jsonl")))
    return item


def test_rollouts(tmp_path: Path) -> None:
    path = tmp_path / "20.jsonl"
    rows = [{"input": CHAT, "output": f"It is {n}.", "gts": "4", "score": n == 4, "step": 20} for n in (3, 4)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    one, two = _records(path)
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert (one.response, one.correct, two.correct) == ("It is 3.", False, True)
    assert (one.problem, one.prompt, one.gold) == ("What is 2 + 2?", CHAT, "4")
    assert one.decoding == {"step": 20}


@pytest.mark.parametrize(
    ("more", "correct"),
    [
        ({"score": 1.0}, True),
        ({"score": 0.0}, False),
        ({"score": -1.0}, False),
        ({"score": 0.1}, None),
        ({"score": 1.2}, None),
        ({"score": 0.1, "acc": True}, True),
        ({"score": 1.0, "acc": 0.0}, False),
        ({"score": None}, None),
    ],
)
def test_a_reward_is_not_a_mark(more: dict[str, Any], correct: bool | None) -> None:
    item = _rollout(**more)
    assert isinstance(item, Record)
    assert item.correct is correct


def test_multi_turn_prompts_name_no_problem() -> None:
    item = _rollout(input="user\nHi\nassistant\nHello\nuser\n2 + 2?\nassistant\n")
    assert isinstance(item, Record)
    assert item.problem is None


def test_output_that_is_no_text() -> None:
    assert _rollout(output=None) == Skipped("line 1", "no response ('output' is NoneType)")


def test_real_main_generation_dump(shared_data: Path) -> None:
    path = shared_data / "formats/verl/main_generation_gsm8k_responses_labeled.json"
    stored = json.loads(path.read_text("utf-8"))
    found = _records(path)
    assert len(found) == 1319
    for label, item in zip(stored["responses"], found, strict=True):
        assert isinstance(item, Record)
        assert item.place == f"row {label}"
        assert item.response == stored["responses"][label][0]
        assert item.gold == stored["reward_model"][label]["ground_truth"]
        assert item.correct is stored["is_correct"][label][0]
        assert item.problem == stored["extra_info"][label]["question"]
    first = found[0]
    assert isinstance(first, Record)
    assert (first.gold, first.dataset, first.sample) == ("18", "openai/gsm8k", 0)


def test_generated_parquet(tmp_path: Path) -> None:
    path = tmp_path / "gen.parquet"
    row = {
        "data_source": "sums",
        "prompt": [
            {
                "role": "user",
                "content": "What is 2 + 2? Let's think step by step and output the final answer.",
            }
        ],
        "reward_model": {"ground_truth": "4", "style": "rule"},
        "responses": ["It is 4.", "It is 5."],
    }
    pq.write_table(pa.Table.from_pylist([row, {**row, "responses": []}]), path)
    one, two, none = _records(path)
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert (one.sample, two.sample, two.response, one.gold) == (0, 1, "It is 5.", "4")
    assert one.problem == "What is 2 + 2?"
    assert none == Skipped("row 2", "no response ('responses' is missing or empty)")


def test_prompts_and_metrics_are_refused(shared_data: Path) -> None:
    with pytest.raises(InputError, match=r"math500_prompts\.parquet: this is a verl data set with prompts"):
        detect(shared_data / "formats/verl/math500_prompts.parquet")
    with pytest.raises(InputError, match=r"file_logger_metrics\.jsonl: this is a verl metrics log"):
        detect(shared_data / "formats/verl/file_logger_metrics.jsonl")
