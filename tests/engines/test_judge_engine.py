"""The whole path of ``behaviors --judge llm`` against an engine that is not ours: vLLM with a tiny model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reasonlens import sample
from reasonlens.calls.ask import ask
from reasonlens.calls.journal import Journal
from reasonlens.cli import cli
from reasonlens.core.study import read_study
from reasonlens.judges import Settings, load_codebooks
from reasonlens.judges._answers import VERDICTS, parser, read
from reasonlens.judges._prompt import receipts_of
from reasonlens.judges._questions import Question, questions
from reasonlens.judges.llm import make
from reasonlens.workflow.behaviors import journal_of
from tests.engines.conftest import Served

PER_MODEL = 4
BEHAVIORS = ("verification", "backtracking")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("judged") / "study"


def behaviors(served: Served, *words: object) -> Result:
    asked = ["--judge", "llm", "--base-url", served.url, "--model", served.model]
    asked += [word for name in BEHAVIORS for word in ("-b", name)]
    sampled = ["--sample", str(PER_MODEL), "--concurrency", "8"]
    out = CliRunner().invoke(cli, ["behaviors", *map(str, words), *asked, *sampled])
    if out.exception and not isinstance(out.exception, SystemExit):
        raise out.exception
    return out


@pytest.fixture(scope="module")
def first(served: Served, folder: Path) -> Result:
    return behaviors(served, sample.path(), "--study", folder)


def test_every_trace_has_a_verdict_or_a_named_failure(first: Result, folder: Path) -> None:
    labels = read_study(folder).read("labels").to_pandas()
    n = PER_MODEL * read_study(folder).traces(["model"])["model"].nunique()
    assert len(labels) == n * len(BEHAVIORS)
    assert not labels.duplicated(["trace_id", "behavior"]).any()
    unanswered = labels[~labels["verdict"].isin(["present", "absent"])]
    assert (unanswered["problem"] != "").all()
    assert f"{n:,} questions, 0 answered in the journal, {n:,} calls to make" in first.stderr
    assert f"{len(labels):,} verdicts are new" in first.stderr


def test_its_answers_have_the_form_of_the_schema(first: Result, served: Served, folder: Path) -> None:
    """What a random model says is nothing to rely on; that it has the form is the engine's work, and ours."""
    books = load_codebooks(BEHAVIORS)
    labels = read_study(folder).read("labels").to_pandas()
    texts = read_study(folder).traces(["trace_id", "response"]).set_index("trace_id")["response"]
    judge = make(Settings(served.model, journal_of(folder), {"base_url": served.url}))
    requests = list(judge.requests([texts[i] for i in labels["trace_id"].unique()], books))
    with Journal(judge.journal) as journal:
        found = dict(ask(requests, judge.endpoint, judge.sampling, journal, parse=parser))
    assert all(answer.from_journal for answer in found.values())
    assert all(answer.prompt_tokens and answer.completion_tokens for answer in found.values())
    states = [answer.state for answer in found.values()]
    assert states.count("ok") == len(requests), [answer.problem for answer in found.values()]
    for answer in found.values():
        parsed = read(answer.parsed, books, "trace")
        assert {one.verdict for one in parsed.found.values()} <= set(VERDICTS)
    # it cannot copy the receipts, so its answers are not taken for verdicts
    assert set(labels["verdict"]) == {"unparsed"}
    assert labels["problem"].str.contains("the receipt for the rules did not come back").all()


def test_a_second_run_asks_nothing(first: Result, served: Served, folder: Path) -> None:
    before = read_study(folder).read("labels").to_pandas()
    again = behaviors(served, folder)
    assert "0 questions, 0 answered in the journal, 0 calls to make" in again.stderr
    for path in (folder / "labels").rglob("*.parquet"):
        path.unlink()
    lost = behaviors(served, folder)
    assert " answered in the journal, 0 calls to make" in lost.stderr
    after = read_study(folder).read("labels").to_pandas()
    assert after["problem"].tolist() == before["problem"].tolist()


def given_receipts(*words: Any) -> Iterator[Question]:
    """Yield the usual questions, with schemas that admit no receipts but the right ones.

    A random model cannot copy a code, and the tool must not spell it out: that a code comes back shows that
    the prompt was not cut. Here the grammar writes it, so that what comes after the receipts is reached.
    """
    for question in questions(*words):
        form = dict(question.request.schema or {})
        rules, text = receipts_of(question.request.messages)
        codes = {"receipt_rules": rules, "receipt_text": text}
        pinned = {name: {"type": "string", "enum": [code]} for name, code in codes.items()}
        form["properties"] = {**form["properties"], **pinned}
        yield replace(question, request=replace(question.request, schema=form))


def test_its_answers_become_verdicts_where_it_is_given_the_receipts(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reasonlens.judges.llm.questions", given_receipts)
    behaviors(served, sample.path(), "--study", tmp_path / "study")
    labels = read_study(tmp_path / "study").read("labels").to_pandas()
    n = PER_MODEL * read_study(tmp_path / "study").traces(["model"])["model"].nunique()
    assert len(labels) == n * len(BEHAVIORS)
    verdicts = labels["verdict"].value_counts()
    assert sum(verdicts.get(each, 0) for each in VERDICTS) > 0.9 * len(labels), verdicts


def test_the_doctor_says_what_it_can_do(served: Served) -> None:
    out = CliRunner().invoke(cli, ["judge", "doctor", served.url])
    said = {line[: len("keeps to a JSON schema")].strip(): line for line in out.stdout.splitlines()}
    assert "yes" in said["keeps to a JSON schema"]
    assert "16,384 tokens" in out.stdout
    assert "--model tiny" in out.stdout
    assert out.exit_code == 0, out.output
