"""``behaviors --judge llm`` and ``judge doctor`` against a server whose model is a function."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reasonlens.calls import Request
from reasonlens.cli import cli
from reasonlens.core.study import read_study
from reasonlens.judges import Settings
from reasonlens.judges.llm import make
from tests.calls.fake_server import MODEL, FakeServer, serving
from tests.judges.fake_models import honest

KEY = "sk-canary0987654321zyxwvutsrq"


def judged(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
    pairs = tuple((m["role"], m["content"]) for m in messages[:2])
    return json.dumps(honest(Request(pairs, schema)))


@pytest.fixture(scope="module")
def running() -> Iterator[FakeServer]:
    with serving(FakeServer(reply=judged)) as made:
        yield made


@pytest.fixture
def server(running: FakeServer) -> FakeServer:
    running.bodies.clear()
    running.billed.clear()
    running.seen.clear()
    return running


def rows(problems: int = 4, tag: str = "") -> list[dict[str, object]]:
    texts = {
        "base": "The sum is {p}. So it is done.",
        "distilled": "The sum is {p}. Let me check: it is {p} indeed. Now go back to x. Done.",
    }
    return [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"Box {p}?",
            "response": text.format(p=p) + tag,
        }
        for p in range(problems)
        for kind, text in texts.items()
    ]


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return write(tmp_path, rows())


def write(folder: Path, data: list[dict[str, object]], name: str = "out") -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("\n".join(map(json.dumps, data)))
    return path


@pytest.fixture
def ask(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def run(*words: object, **more: Any) -> Result:
        options = ["--judge", "llm", "--base-url", server.url, "--model", MODEL]
        options += ["-b", "verification", "-b", "backtracking"]
        return CliRunner().invoke(cli, ["behaviors", *map(str, words), *options], **more)

    return run


def test_a_whole_run_and_a_second_one_that_asks_nothing(
    ask: Any, outputs: Path, tmp_path: Path, server: FakeServer
) -> None:
    study = tmp_path / "s"
    first = ask(outputs, "--study", study)
    assert first.exit_code == 0, first.output
    assert "8 questions, 0 answered in the journal, 8 calls to make" in first.stderr
    assert "price: nothing (a server of your own)" in first.stderr
    assert "16 verdicts are new" in first.stderr
    assert sum(server.billed.values()) == 8  # two behaviors in one question
    assert f"By kind, judged by {MODEL}, toy" in first.stdout
    labels = read_study(study).read("labels").to_pandas()
    counted = labels.groupby(["behavior", "verdict"], observed=True).size().to_dict()
    assert counted == {
        ("backtracking", "absent"): 4,
        ("backtracking", "present"): 4,
        ("verification", "absent"): 4,
        ("verification", "present"): 4,
    }
    assert set(labels["judge"]) == {MODEL}
    texts = read_study(study).traces(["trace_id", "response"]).set_index("trace_id")["response"]
    quotes = [
        (texts[i], q) for i, found in zip(labels["trace_id"], labels["quotes"], strict=True) for q in found
    ]
    assert len(quotes) == 8
    assert all(text[q["start"] : q["end"]] == q["surface"] for text, q in quotes)
    second = ask(study)
    assert second.exit_code == 0, second.output
    assert "0 questions" in second.stderr
    assert sum(server.billed.values()) == 8


def test_nothing_is_said_of_how_answers_are_drawn_if_asked_so(
    ask: Any, outputs: Path, tmp_path: Path, server: FakeServer
) -> None:
    assert ask(outputs, "--study", tmp_path / "s").exit_code == 0
    assert all({"temperature", "top_p", "seed"} <= body.keys() for body in server.bodies)
    server.bodies.clear()
    out = ask(outputs, "--study", tmp_path / "t", "--no-sampling")
    assert out.exit_code == 0, out.output
    assert len(server.bodies) == 8
    assert not any({"temperature", "top_p", "seed"} & body.keys() for body in server.bodies)


def test_a_server_without_encryption_is_asked_only_if_that_is_allowed(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    words = ["behaviors", str(outputs), "--study", str(tmp_path / "s"), "--judge", "llm", "--yes"]
    words += ["--base-url", "http://judge.example.org/v1", "--model", MODEL]
    out = CliRunner().invoke(cli, words)
    assert out.exit_code == 1
    assert "is not encrypted; use https" in out.output
    assert "--insecure-http allows it" in out.output
    made = make(Settings(MODEL, tmp_path / "j.sqlite", {"insecure": True}))
    assert made.endpoint.insecure


def test_one_more_response_is_one_more_call_and_a_lost_table_costs_nothing(
    ask: Any, outputs: Path, tmp_path: Path, server: FakeServer
) -> None:
    study = tmp_path / "s"
    ask(outputs, "--study", study)
    ask(write(tmp_path, rows(5)[-1:], "more"), "--study", study)
    assert sum(server.billed.values()) == 9
    for path in (study / "labels").rglob("*.parquet"):
        path.unlink()
    again = ask(study)
    assert again.exit_code == 0, again.output
    assert "9 questions, 9 answered in the journal, 0 calls to make" in again.stderr
    assert sum(server.billed.values()) == 9
    assert read_study(study).read("labels").num_rows == 18


def test_another_behavior_asks_only_for_itself(
    ask: Any, outputs: Path, tmp_path: Path, server: FakeServer
) -> None:
    study = tmp_path / "s"
    ask(outputs, "--study", study)
    more = ask(study, "-b", "multi_perspective")
    assert more.exit_code == 0, more.output
    last = server.bodies[-1]["messages"][0]["content"]
    assert "## multi_perspective" in last
    assert "## verification" not in last
    assert sum(server.billed.values()) == 16


@pytest.mark.parametrize(
    ("fault", "verdict", "problem"),
    [
        ("refuse!", "refused", "I cannot help with that"),
        ("badjson!", "unparsed", "no JSON object"),
        ("length!", "unparsed", "cut off at the limit of tokens"),
        ("400!", "failed", "status 400"),
        ("wrong-model!", "failed", "another-model"),
    ],
)
def test_failures_are_verdicts_beside_the_rates_and_can_be_asked_again(
    ask: Any, tmp_path: Path, fault: str, verdict: str, problem: str
) -> None:
    data = rows()
    data[1]["response"] = f"{data[1]['response']} [{fault}]"
    study = tmp_path / "s"
    out = ask(write(tmp_path, data), "--study", study)
    assert out.exit_code == 0, out.output
    labels = read_study(study).read("labels").to_pandas()
    bad = labels[labels["verdict"] == verdict]
    assert len(bad) == 2
    assert problem in bad["problem"].iloc[0]
    assert KEY not in "".join(labels["problem"])
    assert "not judged, or no answer: 1" in out.stdout
    assert f"ask again with --retry {verdict}.\n" in out.stdout
    reasons = out.stdout.split(f"--retry {verdict}.\n")[1].splitlines()
    assert problem in reasons[0]  # the commonest reason stands below
    quiet = ask(study)
    assert "0 questions" in quiet.stderr
    again = ask(study, "--retry", verdict)
    assert "1 question, 0 answered in the journal, 1 call to make" in again.stderr
    assert "2 verdicts are new" in again.stderr


def test_an_answer_of_another_model_can_be_asked_again_and_is_then_kept(ask: Any, tmp_path: Path) -> None:
    data = rows()
    data[1]["response"] = f"{data[1]['response']} [wrong-model]"  # once only
    study = tmp_path / "s"
    out = ask(write(tmp_path, data), "--study", study)
    assert "the server answered with the model 'another-model'" in out.stdout
    again = ask(study, "--retry", "failed")
    assert "2 verdicts are new" in again.stderr
    labels = read_study(study).read("labels").to_pandas()
    assert set(labels["verdict"]) == {"present", "absent"}
    shutil.rmtree(study / "labels")  # the journal holds both answers, and gives the right one
    lost = ask(study)
    assert "8 questions, 8 answered in the journal, 0 calls to make" in lost.stderr
    assert set(read_study(study).read("labels").to_pandas()["verdict"]) == {"present", "absent"}


def test_a_fault_that_passes_is_not_seen_in_the_labels(ask: Any, tmp_path: Path, server: FakeServer) -> None:
    data = rows(2)
    for row, fault in zip(data, ("429", "500", "reset", "badjson"), strict=True):
        row["response"] = f"{row['response']} [{fault}]"
    out = ask(write(tmp_path, data), "--study", tmp_path / "s")
    assert out.exit_code == 0, out.output
    labels = read_study(tmp_path / "s").read("labels").to_pandas()
    assert set(labels["verdict"]) == {"present", "absent"}


def test_repeats_are_asked_anew(ask: Any, outputs: Path, tmp_path: Path, server: FakeServer) -> None:
    out = ask(outputs, "--study", tmp_path / "s", "--repeats", 3)
    assert out.exit_code == 0, out.output
    assert sum(server.billed.values()) == 24
    assert "repeats differ" in out.stdout
    assert "0 of 4" in out.stdout


def test_servers_without_schemas_are_asked_in_words(
    ask: Any, outputs: Path, tmp_path: Path, server: FakeServer
) -> None:
    out = ask(outputs, "--study", tmp_path / "s", "--json-in-text")
    assert out.exit_code == 0, out.output
    assert "response_format" not in server.bodies[-1]
    assert "Answer with one JSON object" in server.bodies[-1]["messages"][-1]["content"]
    verdicts = set(read_study(tmp_path / "s").read("labels").to_pandas()["verdict"])
    assert verdicts == {"present", "absent"}


def test_a_dry_run_says_what_it_would_cost_and_asks_nothing(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    study = tmp_path / "s"
    run = CliRunner().invoke(
        cli, ["behaviors", str(outputs), "--study", str(study), "--judge", "llm", "--dry-run"]
    )
    assert run.exit_code == 0, run.output
    assert "8 questions, 0 answered in the journal, 8 calls to make" in run.stderr
    assert "price: $" in run.stderr
    assert "(table of " in run.stderr
    assert "This was a dry run: nothing was asked." in run.stdout
    assert not (study / "judgements.sqlite").exists()


def test_nothing_is_paid_that_nobody_agreed_to(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    words = ["behaviors", str(outputs), "--study", str(tmp_path / "s"), "--judge", "llm"]
    run = CliRunner().invoke(cli, [*words, "--max-cost", "0.01"])
    assert run.exit_code == 1
    assert "more than --max-cost 0.01. Go on? Nobody is here to answer: add --yes" in run.stderr
    unknown = CliRunner().invoke(cli, [*words, "--model", "brand-new"])
    assert unknown.exit_code == 1
    assert "add --yes, or give a price with --prices FILE" in unknown.stderr


@pytest.fixture
def dear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A price of 10 dollars per million tokens, for a server of one's own too."""
    monkeypatch.setattr("reasonlens.calls.prices.is_local", lambda address: False)
    path = tmp_path / "prices.toml"
    path.write_text(f'''date = "2026-01-01"
[[model]]
names = ["{MODEL}"]
input = 10.0
output = 10.0
''')
    return path


def test_a_run_stops_at_its_limit_and_goes_on_later(
    ask: Any, outputs: Path, tmp_path: Path, server: FakeServer, dear: Path
) -> None:
    study, words = tmp_path / "s", ["--prices", dear, "--concurrency", 1, "--yes"]
    first = ask(outputs, "--study", study, "--stop-at", 0.12, *words)
    assert first.exit_code == 1
    assert "stopped at $0.0" in first.stderr
    assert "what was answered is kept. Run the same command with a larger --stop-at to go on" in first.stderr
    paid = sum(server.billed.values())
    assert 0 < paid < 8
    assert "labels" not in read_study(study).tables()
    last = ask(study, *words)
    assert last.exit_code == 0, last.output
    assert f"8 questions, {paid} answered in the journal, {8 - paid} calls to make" in last.stderr
    assert sum(server.billed.values()) == 8
    labels = read_study(study).read("labels").to_pandas()
    usage = sum(len(m["content"]) for body in server.bodies for m in body["messages"])
    assert labels["cost"].sum() == pytest.approx(10e-6 * usage / 4, rel=0.2)  # all of it, once
    assert "cost" in last.stdout


def test_a_limit_holds_over_all_rounds_of_a_run(
    ask: Any, tmp_path: Path, server: FakeServer, dear: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reasonlens.workflow.behaviors.AT_ONCE", 1)
    files = write(tmp_path, rows(4)[:4], "a"), write(tmp_path, rows(8)[8:], "b")
    words = ["--prices", dear, "--concurrency", 1, "--yes", "--stop-at", 0.12]
    out = ask(*files, "--study", tmp_path / "s", *words)
    assert out.exit_code == 1
    one = max(len("".join(m["content"] for m in body["messages"])) for body in server.bodies) / 4 * 10e-6
    assert sum(server.billed.values()) * one < 0.12


def test_a_missing_key_is_named_with_its_variable(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    words = ["behaviors", str(outputs), "--study", str(tmp_path / "s"), "--judge", "llm", "--yes"]
    run = CliRunner().invoke(cli, words)
    assert run.exit_code == 1
    assert "set the environment variable OPENAI_API_KEY" in run.stderr


def test_the_key_is_nowhere(ask: Any, tmp_path: Path) -> None:
    data = rows(2, tag=" [500]")
    out = ask(write(tmp_path, data), "--study", tmp_path / "s")
    assert out.exit_code == 0, out.output
    assert KEY not in out.output
    for path in (tmp_path / "s").rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()


def test_a_batch_is_submitted_then_collected(
    ask: Any, outputs: Path, tmp_path: Path, server: FakeServer
) -> None:
    server.polls_until_done = 2
    study = tmp_path / "s"
    first = ask(outputs, "--study", study, "--batch")
    assert first.exit_code == 0, first.output
    assert "8 questions submitted now" in first.stderr
    assert "Run the same command again to collect" in first.stdout
    assert not server.seen  # nothing was asked the dear way
    twice = ask(study)
    assert twice.exit_code == 1
    assert "8 questions are in a batch already and would be paid twice; run with --batch" in twice.stderr
    second = ask(study, "--batch", "--max-cost", "0")  # what is on its way costs nothing more
    assert "8 questions, 0 answered in the journal, 8 in a batch on its way, 0 calls to make" in second.stderr
    for _ in range(3):
        out = ask(study, "--batch")
        assert out.exit_code == 0, out.output
    labels = read_study(study).read("labels").to_pandas()
    assert set(labels["verdict"]) == {"present", "absent"}
    assert len(labels) == 16
    assert not server.seen
    assert sum(server.billed.values()) == 8


def test_the_doctor_says_whether_a_server_is_fit(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
        words = messages[-1]["content"].split()
        named = [w.strip(".") for w in words if w.startswith(("marigold", "juniper"))]
        return json.dumps({"verdict": "absent", "count": 0}) if schema else " ".join(named)

    monkeypatch.setattr(server, "reply", fit)
    out = CliRunner().invoke(cli, ["judge", "doctor", server.url])
    assert out.exit_code == 0, out.output
    assert f"--base-url {server.url} --model {MODEL}" in out.stdout
    monkeypatch.setattr(server, "reply", lambda messages, schema: "Rivers are long.")
    bad = CliRunner().invoke(cli, ["judge", "doctor", server.url])
    assert bad.exit_code == 1
    assert "--json-in-text" in bad.stdout
    assert "Not fit as it is: keeps to a JSON schema" in bad.stdout
    away = CliRunner().invoke(cli, ["judge", "doctor", "http://127.0.0.1:9/v1"])
    assert away.exit_code == 1


@pytest.mark.parametrize("fault", ["receipt_rules", "receipt_text", "backtracking"])
def test_an_answer_to_another_question_is_asked_again(
    ask: Any,
    outputs: Path,
    tmp_path: Path,
    server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    def strange(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
        answer = json.loads(judged(messages, schema))
        if fault in answer:
            answer[fault] = "unknown"
        else:
            del answer["behaviors"][fault]
        return json.dumps(answer)

    study = tmp_path / "s"
    monkeypatch.setattr(server, "reply", strange)
    first = ask(outputs, "--study", study)
    assert first.exit_code == 1
    assert "has no answer for verification, backtracking" in first.stderr
    assert re.search(r" in \S+: 16 unparsed; .* \(\d+ of 16\); all is in the column problem", first.stderr)
    assert set(read_study(study).read("labels").to_pandas()["verdict"]) == {"unparsed"}
    assert sum(server.billed.values()) == 24  # each three times
    monkeypatch.setattr(server, "reply", judged)
    ask(study)
    assert sum(server.billed.values()) == 24
    again = ask(study, "--retry", "unparsed")
    assert again.exit_code == 0, again.output
    assert "8 questions, 0 answered in the journal, 8 calls to make" in again.stderr
    assert sum(server.billed.values()) == 32
    assert set(read_study(study).read("labels").to_pandas()["verdict"]) == {"present", "absent"}


def test_what_is_asked_again_is_agreed_to_again(
    ask: Any, tmp_path: Path, server: FakeServer, dear: Path
) -> None:
    data = rows()
    data[1]["response"] = f"{data[1]['response']} [refuse!]"
    study, words = tmp_path / "s", ["--prices", dear]
    ask(write(tmp_path, data), "--study", study, "--yes", *words)
    paid = sum(server.billed.values())
    out = ask(study, "--retry", "refused", "--max-cost", 0.01, *words)
    assert out.exit_code == 1
    assert "more than --max-cost 0.01. Go on?" in out.stderr
    batch = ask(study, "--retry", "refused", "--batch", *words)
    assert "leave --batch out" in batch.stderr
    unclear = ask(study, "--retry", "unclear", *words)
    assert "no verdict to retry is named 'unclear'" in unclear.stderr
    assert sum(server.billed.values()) == paid
