"""The whole path of ``behaviors --judge llm`` against an engine that is not ours: vLLM with a tiny model."""

from __future__ import annotations

import json
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
from reasonlens.judges import Settings, load_codebooks, sentences_of
from reasonlens.judges._answers import VERDICTS, parser, read
from reasonlens.judges._prompt import receipts_of
from reasonlens.judges._questions import Question, questions
from reasonlens.judges.llm import JUDGING, make
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


INVENTED = "No response has this sentence in it."


def copyable(text: str) -> list[str]:
    """Return sentences that stand once in a text and are long enough to be evidence."""
    found = [text[start:end] for start, end in sentences_of(text)]
    return [one for one in found if text.count(one) == 1 and 6 <= sum(map(str.isalnum, one)) <= 300][:5]


def given_words(place: int, text: str, *others: Any) -> Iterator[Question]:
    """Yield the usual questions, with schemas that admit only what a model could copy.

    A random model cannot copy. Here the grammar writes the two receipts, and lets it choose between
    sentences of the response and one that is in none; which of them, how many and with which verdict is
    the engine's own work.
    """
    for question in questions(place, text, *others):
        form = json.loads(json.dumps(question.request.schema))
        rules, code = receipts_of(question.request.messages)
        for name, receipt in (("receipt_rules", rules), ("receipt_text", code)):
            form["properties"][name] = {"type": "string", "enum": [receipt]}
        for one in form["properties"]["behaviors"]["properties"].values():
            words = {"type": "string", "enum": [*copyable(text), INVENTED]}
            one["properties"]["quotes"] = {"type": "array", "items": words, "maxItems": 3}
            one["properties"]["why"] = {"type": "string", "maxLength": 40}
        yield replace(question, request=replace(question.request, schema=form))


def expected(said: dict[str, Any]) -> tuple[str, int, str]:
    """Return verdict, count and problem of a label from the JSON of an answer, by the rules of the docs."""
    found = set(said["quotes"]) - {INVENTED}
    if said["verdict"] == "present":
        return ("present", len(found), "") if found else ("unclear", 0, "no quote is in the text")
    if said["verdict"] == "absent":
        return "absent", 0, "called absent, with quotes" if found else ""
    return "unclear", 0, "the judge calls it unclear"


def test_its_answers_become_verdicts_where_it_is_given_the_words(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reasonlens.judges.llm.questions", given_words)
    # greedily a model that looks at one token gives the same verdict always
    monkeypatch.setattr("reasonlens.judges.llm.JUDGING", replace(JUDGING, temperature=1.0))
    study = tmp_path / "study"
    behaviors(served, sample.path(), "--study", study)
    labels = read_study(study).read("labels").to_pandas()
    assert {"present", "absent"} <= set(labels["verdict"]), labels["verdict"].value_counts()

    texts = read_study(study).traces(["trace_id", "response"]).set_index("trace_id")["response"]
    judge = make(Settings(served.model, journal_of(study), {"base_url": served.url}))
    ids = labels["trace_id"].unique()
    requests = list(judge.requests([texts[i] for i in ids], load_codebooks(BEHAVIORS)))
    with Journal(judge.journal) as journal:
        answers = dict(ask(requests, judge.endpoint, judge.sampling, journal, parse=parser))
    assert all(answer.from_journal and answer.state == "ok" for answer in answers.values())
    found = labels.set_index(["trace_id", "behavior"])
    for i, trace_id in enumerate(ids):
        for name, said in answers[i].parsed["behaviors"].items():
            label = found.loc[(trace_id, name)]
            assert (label["verdict"], label["count"], label["problem"]) == expected(said)
            for quote in label["quotes"]:
                known = quote["surface"] in texts[trace_id]
                assert (quote["found"] == "exact") == known == (quote["surface"] != INVENTED)


def test_the_doctor_says_what_it_can_do(served: Served) -> None:
    out = CliRunner().invoke(cli, ["judge", "doctor", served.url])
    said = {line[: len("keeps to a JSON schema")].strip(): line for line in out.stdout.splitlines()}
    assert "yes" in said["keeps to a JSON schema"]
    assert "16,384 tokens" in out.stdout
    assert "--model tiny" in out.stdout
    assert out.exit_code == 0, out.output
