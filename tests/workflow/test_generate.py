"""Samples become traces: what is stored, in which order, what is resumed and what is refused."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reasonlens.backends import Completion, GenerationRequest, Logprobs, SamplingParams
from reasonlens.backends._templates import load as template
from reasonlens.backends.fake import FakeBackend
from reasonlens.core.errors import BackendError, InputError
from reasonlens.core.study import Study
from reasonlens.stats.entropy import entropy
from reasonlens.text.problems import problem_id
from reasonlens.workflow.api import tokens
from reasonlens.workflow.generate import Arm, Generated, Progress, Saving, Spec, generate
from reasonlens.workflow.generate_parts import entropy_of
from reasonlens.workflow.generate_plan import seed_of
from reasonlens.workflow.problem_sets import Problem
from tests.backends.stub_ban import StubBan

PROBLEMS = [Problem("toy", f"What is {i} + {i}?", str(2 * i)) for i in range(6)]
ANSWERS = {p.statement: p.gold or "" for p in PROBLEMS}
SPEC = Spec("fake", "lab/trial", template("qwen25-math-cot"), n=3)
NO_WAIT = Arm("no wait", StubBan(("wait",)))


class Watched(FakeBackend):
    """A fake model that notes what it was asked, breaks when told, and refuses some requests."""

    def __init__(self, stop_after: int | None = None, refuse: str = "nothing") -> None:
        super().__init__("trial", answers=ANSWERS)
        self.asked: list[str] = []
        self.stop_after, self.refuse = stop_after, refuse

    def generate(
        self, requests: Iterable[GenerationRequest], sampling: SamplingParams
    ) -> Iterator[Completion]:
        for request in requests:
            if self.stop_after is not None and len(self.asked) >= self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(request.request_id)
            if self.refuse in request.request_id:
                yield Completion(request.request_id, "", "error", problem="too long")
            else:
                yield from super().generate([request], sampling)


def draw(study: Path, spec: Spec = SPEC, backend: Any = None, **options: Any) -> Generated:
    return generate(study, spec, PROBLEMS, backend or Watched(), **options)


def test_a_sample_is_a_trace_like_any_other(tmp_path: Path) -> None:
    made = draw(tmp_path / "s", replace(SPEC, kind="distilled"))
    assert (made.done, made.n_failed, made.kept) == (Counter(baseline=18), 0, Counter())
    frame = Study(tmp_path / "s").traces()
    assert len(frame) == frame["trace_id"].nunique() == 18
    row = frame[(frame["problem"] == "What is 3 + 3?") & (frame["sample"] == 1)].iloc[0]
    assert row["problem_id"] == problem_id("What is $3 + 3$?")
    assert (row["dataset"], row["model"], row["model_kind"], row["condition"]) == (
        "toy",
        "lab/trial",
        "distilled",
        "baseline",
    )
    assert row["prompt"].endswith("What is 3 + 3?<|im_end|>\n<|im_start|>assistant\n")
    assert (row["gold"], row["finish"], row["think_rule"], list(row["health"])) == (
        "6",
        "stop",
        "think_tags",
        [],
    )
    assert row["response"].startswith("<think>\n" + row["reasoning"])
    assert row["answer"].startswith("The answer is \\boxed{")
    assert row["n_model_tokens"] > 20
    decoding = json.loads(row["decoding"])
    assert (decoding["temperature"], decoding["top_p"], decoding["max_tokens"]) == (1.0, 0.95, 32768)
    assert decoding["stop"] == ["<|im_end|>", "<|endoftext|>"]
    assert decoding["seed"] == seed_of(0, "", row["problem_id"], 1)
    assert row["source"] == f"fake:lab/trial#{row['problem_id']}/baseline/1"


def test_other_commands_take_the_study_as_it_is(tmp_path: Path) -> None:
    draw(tmp_path / "s", replace(SPEC, arms=(Arm(), NO_WAIT)))
    found = tokens(study=tmp_path / "s")
    assert found.estimates["n_traces"].max() == 36
    counts = Study(tmp_path / "s").counts()
    traces = Study(tmp_path / "s").traces(["trace_id", "condition"])
    waits = counts[counts["entry"] == "wait"].merge(traces)
    assert waits.groupby("condition")["n"].sum()["baseline"] > 10
    assert "no wait" not in set(waits["condition"])


def test_conditions_are_interleaved_and_share_their_seeds(tmp_path: Path) -> None:
    backend = Watched()
    again = Arm("again", salt="second")
    draw(tmp_path / "s", replace(SPEC, n=2, arms=(Arm(), NO_WAIT, again)), backend)
    first = [name.split("/")[1:] for name in backend.asked[:4]]
    assert first == [["baseline", "0"], ["no wait", "0"], ["again", "0"], ["baseline", "0"]]
    samples = [name.rpartition("/")[2] for name in backend.asked]
    assert samples == ["0"] * 18 + ["1"] * 18
    frame = Study(tmp_path / "s").traces()
    seeds = frame["decoding"].map(lambda text: json.loads(text)["seed"])
    by = frame.assign(seed=seeds).pivot(index=["problem_id", "sample"], columns="condition", values="seed")
    assert (by["baseline"] == by["no wait"]).all()
    assert (by["baseline"] != by["again"]).all()
    assert by["baseline"].is_unique
    banned = json.loads(frame.loc[frame["condition"] == "no wait", "decoding"].iloc[0])["ban"]
    assert banned == {"name": "no wait", "digest": "d1"}


def test_a_stopped_run_is_balanced_and_goes_on(tmp_path: Path) -> None:
    spec = replace(SPEC, arms=(Arm(), NO_WAIT))
    with pytest.raises(KeyboardInterrupt):
        draw(tmp_path / "s", spec, Watched(stop_after=17), saving=Saving(rows=4))
    kept = Study(tmp_path / "s").traces()
    assert len(kept) == 17
    counts = kept["condition"].value_counts()
    assert abs(counts["baseline"] - counts["no wait"]) <= 1
    backend = Watched()
    made = draw(tmp_path / "s", spec, backend)
    assert (sum(made.kept.values()), sum(made.done.values())) == (17, 19)
    assert len(backend.asked) == 19
    whole = Study(tmp_path / "s").traces()
    assert whole.groupby("condition").size().to_dict() == {"baseline": 18, "no wait": 18}
    draw(tmp_path / "other", spec)
    other = Study(tmp_path / "other").traces()
    assert set(whole["trace_id"]) == set(other["trace_id"]), "a run in two pieces draws the same"


def test_nothing_is_left_to_do_and_more_samples_are_added(tmp_path: Path) -> None:
    draw(tmp_path / "s")
    backend = Watched()
    assert sum(draw(tmp_path / "s", backend=backend).kept.values()) == 18
    assert backend.asked == []
    draw(tmp_path / "s", replace(SPEC, n=4), backend)
    assert {name.rpartition("/")[2] for name in backend.asked} == {"3"}
    draw(tmp_path / "s", replace(SPEC, arms=(NO_WAIT,)), backend)
    assert len(Study(tmp_path / "s").traces()) == 24 + 18


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sampling": SamplingParams(temperature=0.5)}, r"temperature 1.0, now 0.5"),
        ({"template": template("plain")}, r"template 'qwen25-math-cot', now 'plain'"),
        ({"seed": 7}, r"seed 0, now 7"),
    ],
)
def test_samples_drawn_otherwise_are_not_mixed(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    draw(tmp_path / "s")
    with pytest.raises(InputError, match=rf"under 'baseline' that were drawn otherwise \(.*{told}") as caught:
        draw(tmp_path / "s", replace(SPEC, **change))
    assert "name another --study, or give these another --condition" in str(caught.value)
    draw(tmp_path / "s", replace(SPEC, arms=(Arm("other"),), **change))
    assert len(Study(tmp_path / "s").traces()) == 36


def test_another_ban_of_the_same_name_is_refused(tmp_path: Path) -> None:
    draw(tmp_path / "s", replace(SPEC, arms=(NO_WAIT,)))
    other = Arm("no wait", StubBan(("hmm",), digest="d2"))
    with pytest.raises(InputError, match="under 'no wait' with another ban; give this ban another name"):
        draw(tmp_path / "s", replace(SPEC, arms=(other,)))


def test_failures_are_counted_not_stored_and_tried_again(tmp_path: Path) -> None:
    failing = f"{PROBLEMS[2].problem_id}/baseline/1"
    made = draw(tmp_path / "s", backend=Watched(refuse=failing))
    assert (made.done, made.failed) == (Counter(baseline=17), Counter(baseline=1))
    assert made.problems == Counter({"too long": 1})
    study = Study(tmp_path / "s")
    assert len(study.traces()) == 17
    account = study.manifest_of("traces", study.parts("traces")[0])["account"]
    assert account["skipped"]["generation failed"]["n"] == 1
    backend = Watched()
    assert sum(draw(tmp_path / "s", backend=backend).done.values()) == 1
    assert backend.asked == [failing]


def test_a_run_in_which_everything_fails_is_stopped(tmp_path: Path) -> None:
    backend = Watched(refuse="p-")
    with pytest.raises(BackendError, match="the first 20 requests all failed: too long"):
        draw(tmp_path / "s", replace(SPEC, n=9), backend)
    assert len(backend.asked) == 20
    assert Study(tmp_path / "s").parts("traces") == [], "no part without a trace"


def test_an_engine_that_leaves_requests_unanswered_is_said(tmp_path: Path) -> None:
    class Lazy(Watched):
        def generate(self, requests: Any, sampling: Any) -> Iterator[Completion]:
            yield from list(super().generate(requests, sampling))[:-2]

    with pytest.raises(BackendError, match="ended with 2 requests unanswered; what is finished is kept"):
        draw(tmp_path / "s", backend=Lazy())
    assert len(Study(tmp_path / "s").traces()) == 16


def test_parts_are_written_as_often_as_asked(tmp_path: Path) -> None:
    draw(tmp_path / "s", saving=Saving(rows=5))
    study = Study(tmp_path / "s")
    assert [study.rows("traces", part) for part in study.parts("traces")] == [5, 5, 5, 3]
    draw(tmp_path / "t", saving=Saving(rows=500, seconds=0.0))
    assert len(Study(tmp_path / "t").parts("traces")) == 18


def test_progress_tells_rate_and_time_left(tmp_path: Path) -> None:
    seen: list[Progress] = []
    draw(tmp_path / "s", progress=seen.append)
    assert [p.done for p in seen] == list(range(1, 19))
    assert {p.total for p in seen} == {18}
    assert seen[-1].seconds_left == 0
    assert seen[-1].tokens_per_second > 0
    half = Progress(total=20, kept=4, done=6, failed=2, tokens=900, seconds=4.0)
    assert (half.tokens_per_second, half.seconds_left) == (225.0, 4.0)
    assert math.isnan(Progress(20, 4, 0, 0, 0, 0.0).seconds_left)


def test_the_thought_opened_by_the_prompt_is_split_as_in_a_file(tmp_path: Path) -> None:
    draw(tmp_path / "s", replace(SPEC, template=template("orz")))
    row = Study(tmp_path / "s").traces().iloc[0]
    assert row["prompt"].endswith("Assistant: <think>")
    assert row["think_rule"] == "close_tag_only"
    assert "<think>" not in row["response"]


def test_a_truncated_sample_says_so(tmp_path: Path) -> None:
    made = draw(tmp_path / "s", replace(SPEC, sampling=SamplingParams(max_tokens=10)))
    assert made.truncated == Counter(baseline=18)
    frame = Study(tmp_path / "s").traces()
    assert set(frame["finish"]) == {"length"}
    assert all("truncated" in flags for flags in frame["health"])


def test_entropy_scalars_are_kept(tmp_path: Path) -> None:
    spec = replace(SPEC, sampling=SamplingParams(logprobs=4))
    draw(tmp_path / "s", spec)
    kept = [json.loads(text)["entropy"] for text in Study(tmp_path / "s").traces()["decoding"]]
    assert all(each["low"] <= each["mean"] <= each["high"] for each in kept)
    assert all(each["n_tokens"] > 20 for each in kept)
    with pytest.raises(
        InputError, match="the backend 'fake' gives at most 5 log-probabilities per token, not 9"
    ):
        draw(tmp_path / "s", replace(SPEC, sampling=SamplingParams(logprobs=9)))


def test_entropy_of_whole_distributions_is_the_entropy() -> None:
    p = [[0.5, 0.25, 0.25], [0.8, 0.1, 0.1]]
    logs = [[math.log(x) for x in row] for row in p]
    found = entropy_of(Logprobs(logs, [logs[0][0], logs[1][2]], 3))
    assert found["mean"] == found["low"] == found["high"] == pytest.approx(entropy(p).mean(), abs=1e-6)
    assert found["surprisal"] == pytest.approx((math.log(2) + math.log(10)) / 2, abs=1e-6)
    assert entropy_of(Logprobs([], [], 3)) == {"n_tokens": 0}


def test_options_of_a_choice_are_kept(tmp_path: Path) -> None:
    problem = Problem("gpqa_diamond", "Which?", "B", options=("one", "two"))
    generate(tmp_path / "s", SPEC, [problem], Watched())
    row = Study(tmp_path / "s").traces().iloc[0]
    assert "Which?\n\nA) one\nB) two" in row["prompt"]
    assert json.loads(row["decoding"])["options"] == ["one", "two"]
    assert row["problem"] == "Which?"


def test_a_folder_names_its_model_by_the_last_piece() -> None:
    assert Spec("fake", "/models/tiny/", template("plain")).name == "tiny"
    assert Spec("fake", "Qwen/Qwen2.5-7B", template("plain")).name == "Qwen/Qwen2.5-7B"
    assert Spec("fake", "./tiny", template("plain"), label="lab/x").name == "lab/x"


def test_mistaken_plans_are_said() -> None:
    with pytest.raises(InputError, match="0 samples per problem: at least one is needed"):
        replace(SPEC, n=0)
    with pytest.raises(InputError, match="conditions need names of their own, not a, a"):
        replace(SPEC, arms=(Arm("a"), Arm("a")))
    with pytest.raises(InputError, match=r"top_p 0 is not above 0 and up to 1; the paper uses 0.95"):
        SamplingParams(top_p=0)
