"""The judge behind a classification endpoint: labels from probabilities of numbered steps."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reasonlens.core.errors import InputError
from reasonlens.judges import Label, Settings, load_codebooks, sentences_of
from reasonlens.judges._steps import Step, step_labels
from reasonlens.judges.decisions import Decisions, make
from tests.calls.fake_server import FakeServer, serving

PAIR = load_codebooks(["verification", "backtracking"])
SENTENCES = load_codebooks(["self_checking"])
TEXT = "The sum is 12. Let me check: 3 + 9 = 12. Now go back to x. I check again: 9 + 3 = 12."


@dataclass
class Checks(FakeServer):
    """Takes "check" for verification and "go back" for backtracking; refuses steps with "forbidden"."""

    async def decisions(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.bodies.append(body)
        self.billed[body["input"]] += 1
        steps = dict(re.findall(r"^\[(\d+)\] (.*)", body["input"], re.MULTILINE))
        answers: list[dict[str, Any]] = []
        for question in body["questions"]:
            told = question["instructions"]
            number = re.match(r"Step \[(\d+)\]", told)
            assert number
            step = steps[number[1]]
            word = "go back" if PAIR[1].definition in told else "check"
            if "forbidden" in step:
                answers.append({"type": "refusal", "name": question["name"]})
            else:
                probability = 0.9 if word in step else 0.1
                answers.append({"type": "predicate", "name": question["name"], "probability": probability})
        return web.json_response({"answers": answers, "model": body["model"], "usage": {}})


@pytest.fixture(scope="module")
def running() -> Iterator[Checks]:
    with serving(Checks()) as made:
        assert isinstance(made, Checks)
        yield made


@pytest.fixture
def server(running: Checks) -> Checks:
    running.bodies.clear()
    return running


def judge_at(server: Checks, folder: Path, **options: Any) -> Decisions:
    return make(Settings("tiny", folder / "journal.sqlite", {"base_url": server.url, **options}))


def shown(labels: list[Label]) -> list[tuple[str, int]]:
    return [(label.verdict, label.count) for label in labels]


def test_a_text_has_the_steps_that_are_likely_as_evidence(server: Checks, tmp_path: Path) -> None:
    judge = judge_at(server, tmp_path)
    ticks: list[int] = []
    texts = [TEXT, "So 4.", "  "]
    found = list(judge.judge(texts, PAIR, done=ticks.append))
    assert [shown(labels) for labels in found] == [
        [("present", 2), ("present", 1)],
        [("absent", 0), ("absent", 0)],
        [("unclear", 0), ("unclear", 0)],
    ]
    assert [q.surface for q in found[0][0].quotes] == [
        "Let me check: 3 + 9 = 12.",
        "I check again: 9 + 3 = 12.",
    ]
    assert found[0][0].rationale == "highest probability of a step: 0.90"
    assert judge.name == "decisions:tiny"
    assert sum(ticks) == 2
    assert len(server.bodies) == 2
    assert len(server.bodies[0]["questions"]) == 8  # four steps, two behaviors
    again = list(judge_at(server, tmp_path).judge(texts, PAIR))
    assert [shown(labels) for labels in again] == [shown(labels) for labels in found]
    assert len(server.bodies) == 2  # all in the journal


def test_a_codebook_of_sentences_has_a_label_for_each(server: Checks, tmp_path: Path) -> None:
    (labels,) = judge_at(server, tmp_path).judge([TEXT], SENTENCES)
    assert [(x.start, x.end) for x in labels] == sentences_of(TEXT)
    assert [x.verdict for x in labels] == ["absent", "present", "absent", "present"]


def test_the_cut_decides_and_is_part_of_the_identity(server: Checks, tmp_path: Path) -> None:
    strict, usual = judge_at(server, tmp_path, cut=0.95), judge_at(server, tmp_path)
    assert shown(next(strict.judge([TEXT], PAIR))) == [("absent", 0), ("absent", 0)]
    assert strict.key != usual.key


def test_a_refused_step_leaves_a_text_without_answer_and_other_steps_with_theirs(
    server: Checks, tmp_path: Path
) -> None:
    judge = judge_at(server, tmp_path)
    text = f"{TEXT} This is forbidden."
    (labels,) = judge.judge([text], [*PAIR, *SENTENCES])
    assert shown(labels[:2]) == [("refused", 0)] * 2
    assert labels[0].problem == "1 of 5 steps: the server refused this step"
    assert [x.verdict for x in labels[2:]] == ["absent", "present", "absent", "present", "refused"]


def test_a_long_text_is_asked_in_several_calls_and_every_step_once(server: Checks, tmp_path: Path) -> None:
    text = " ".join(f"Step {i} is short. Let me check number {i}." for i in range(150))
    judge = judge_at(server, tmp_path)
    assert shown(next(judge.judge([text], PAIR))) == [("present", 150), ("absent", 0)]
    assert [len(body["questions"]) for body in sorted(server.bodies, key=lambda b: -len(b["questions"]))] == [
        200, 200, 200,
    ]  # fmt: skip
    asked = [re.match(r"Step \[(\d+)\]", q["instructions"]) for b in server.bodies for q in b["questions"]]
    numbers = sorted(int(match[1]) for match in asked if match)
    assert numbers == sorted([*range(1, 301), *range(1, 301)])
    assert len(list(judge.requests([text], PAIR))) == 3


def test_a_call_that_failed_is_named() -> None:
    steps = [Step(0, 3, (0.7,)), Step(4, 8, state="failed", problem="timeout", cost=math.nan)]
    (label,) = step_labels("So. Yes.", PAIR[:1], steps, 0.5)
    assert (label.verdict, label.count, label.problem) == ("failed", 0, "1 of 2 steps: timeout")
    assert math.isnan(label.cost)
    first, second = step_labels("So. Yes.", SENTENCES, steps, 0.5)
    assert (first.verdict, second.verdict) == ("present", "failed")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (Settings(None, Path("j")), "is not validated and has no usual model; name one with --model"),
        (Settings("m", None), "keeps what was paid for in a journal; name a --study"),
        (Settings("m", Path("j"), {"cut": 1.5}), "cut is 1.5; it is a probability between 0 and 1"),
    ],
)
def test_what_is_missing_is_named(settings: Settings, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make(settings)
