"""Rewards by hand, with the signatures of TRL and of verl."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest

from reasonlens.distill import rewards, verl_rewards
from reasonlens.distill.reward_parts import WEIGHTS, format_of, plain_grader, tags_of, text_of
from reasonlens.workflow.distill_rl import grade, scorer_of
from reasonlens.workflow.distill_structure import baseline

GOOD = "<think>\nWait.\n</think>\n<answer>\nIt is \\boxed{4}.\n</answer>"


@pytest.mark.parametrize(
    ("text", "form", "tags"),
    [
        (GOOD, 1.0, 1.0),
        (" <think>a</think><answer>b</answer>\n", 1.0, 1.0),
        (GOOD + " more", 0.0, 1.0),
        ("<think>a</think> b", 0.0, 0.5),
        ("<answer>b</answer><think>a</think>", 0.0, 1.0),
        ("<think><think>a</think><answer>b</answer>", 1.0, 0.75),
        ("", 0.0, 0.0),
    ],
)
def test_format_and_tags(text: str, form: float, tags: float) -> None:
    assert (format_of(text), tags_of(text)) == (form, tags)


def test_the_functions_take_texts_and_turns() -> None:
    turns = [[{"role": "assistant", "content": GOOD}], [{"role": "assistant", "content": "4"}]]
    told: dict[str, Any] = {"prompts": ["P", "P"], "completions": turns, "completion_ids": [[1], [2]]}
    assert rewards.format_reward(**told, gold=["4", "4"]) == [1.0, 0.0]
    assert rewards.tag_count_reward(**told) == [1.0, 0.0]
    assert rewards.accuracy_reward(**told, gold=["4", None]) == [1.0, None]
    assert [text_of(c) for c in turns] == [GOOD, "4"]
    assert rewards.accuracy_reward.__name__ == "accuracy_reward"  # TRL logs under this name


def test_answers_compared_as_texts_and_numbers() -> None:
    said = [r"\boxed{1,000}", r"\boxed{x+1}", r"\boxed{1001}", "no idea", r"\boxed{4}"]
    golds = ["1000.0", "x + 1", "1000", "1000", " "]
    assert plain_grader(said, golds) == [1.0, 1.0, 0.0, 0.0, None]


def test_the_graders_know_more_and_what_has_no_gold_is_missing() -> None:
    said = [r"\boxed{\frac{1}{2}}", r"\boxed{0.5}", r"\boxed{3}", "none", r"\boxed{3}", r"\boxed{B}"]
    assert grade(said, ["0.5", "0.5", "0.5", "0.5", None, "B"]) == [1.0, 1.0, 0.0, 0.0, None, 1.0]


def test_a_failed_judge_is_missing_and_then_moves_no_advantage() -> None:
    scores = [4.0, None, 2.0, math.nan, None, None]
    reward = rewards.make_structure_reward(lambda problems, teachers, students: scores)
    prompts, logged = ["A"] * 4 + ["B"] * 2, {}
    told: dict[str, Any] = {"problem": prompts, "teacher_text": ["t"] * 6, "completions": ["x"] * 6}
    assert reward(prompts=prompts, **told) == [4.0, None, 2.0, None, None, None]
    filled = rewards.missing_as_mean(reward, "structure")
    found = filled(prompts=prompts, **told, log_metric=logged.__setitem__)
    assert found == [4.0, 3.0, 2.0, 3.0, None, None]
    assert logged == {"structure/missing": pytest.approx(4 / 6), "structure/observed": 3.0}
    others = np.array([1.0, 0.0, 1.0, 0.0])  # the advantages of TRL: a sum by weights, less its mean
    total = 15 * others + 15 * np.array(found[:4], dtype=float)
    advantage = total - total.mean()
    assert advantage[1] == advantage[3] == 15 * (0.0 - others.mean())


def test_the_scorer_sees_problem_teacher_and_student() -> None:
    seen: list[Any] = []

    def score(problems: Any, teachers: Any, students: Any) -> list[float]:
        seen.append((list(problems), list(teachers), list(students)))
        return [0.5]

    reward = rewards.make_structure_reward(score)
    assert reward(prompts=["ask P"], completions=["s"], problem=["P"], teacher_text=["t"]) == [0.5]
    assert seen == [(["P"], ["t"], ["s"])]


def test_verl_gets_a_score_and_the_parts() -> None:
    names = list(inspect.signature(verl_rewards.compute_score).parameters)[:4]
    assert names == ["data_source", "solution_str", "ground_truth", "extra_info"]
    found = verl_rewards.compute_score("math500", GOOD, "4", {"split": "train"})
    assert found == {"score": 35.0, "accuracy": 1.0, "format": 1.0, "tag_count": 1.0}
    assert sum(WEIGHTS.values()) == 50.0
    told = {"problem": "P", "teacher_text": "t"}
    structured = verl_rewards.compute_score("x", GOOD, "5", told, structure=lambda p, t, s: [2.0])
    assert structured["score"] == 0 * 15 + 10 + 10 + 2 * 15


def test_verl_takes_the_others_for_what_is_missing() -> None:
    found = verl_rewards.compute_score("x", "<think>a</think> 4", None, {})
    assert found["score"] == (10 * 0.0 + 10 * 0.5) / 20 * 35
    assert math.isnan(found["accuracy"])


def test_a_scorer_is_found_by_its_place() -> None:
    assert scorer_of(None) is scorer_of("none") is None
    assert scorer_of("baseline") is baseline
    assert scorer_of("reasonlens.workflow.distill_rl:grade") is grade
    from reasonlens.core.errors import InputError

    for place in ("nowhere:score", "reasonlens.workflow.distill_rl:none", "reasonlens"):
        with pytest.raises(InputError, match=f"--structure {place}"):
            scorer_of(place)


def test_the_offline_reward_for_structure() -> None:
    plan = "First, find the price of apples. It is 5. Wait, check the price of apples. Yes, 5."
    other = "First, draw a triangle. The angle is 7. Wait, is the triangle right? Yes, 7."
    found = baseline(
        ["p"] * 4,
        [plan, f"{plan}</think> Wait, more. Wait, more.", plan, None],
        [f"{plan}</think>\\boxed{{5}}", plan, other, plan],
    )
    assert found == [2.0, 2.0, 0.0, None]
