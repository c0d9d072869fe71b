"""Log-probabilities: how files are read, how outputs find their traces, and what entropy they give."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.stats.entropy import entropy_bounds
from reasonlens.workflow import logprobs
from reasonlens.workflow._completions import known, outputs, spans
from reasonlens.workflow.diagnose import Asked, diagnose
from reasonlens.workflow.judged import lexicons
from tests.signatures.making import row, study_of

V = 1000
TEXTS = [f"Wait, box {i} is full." for i in range(8)]


def item(token: str, p: float = 0.9, rest: tuple[float, ...] = (0.05,)) -> dict[str, Any]:
    tops = [
        {"token": t, "logprob": float(np.log(q))} for t, q in [(token, p), *((f"<{q}>", q) for q in rest)]
    ]
    return {"token": token, "logprob": float(np.log(p)), "top_logprobs": tops}


def content(text: str, **more: Any) -> list[dict[str, Any]]:
    words = text.split(" ")
    return [item(w if i == 0 else f" {w}", **more) for i, w in enumerate(words)]


def completion(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"logprobs": {"content": content(text, **more)}}]}


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return study_of(tmp_path, [row(i, text) for i, text in enumerate(TEXTS)])


@pytest.fixture
def read() -> Iterator[Callable[..., logprobs.Found]]:
    """Read a file, and keep what was read until the test ends."""
    with ExitStack() as stack:

        def reading(study: Study, path: Path, join: str | None = None, vocabulary: int = V) -> logprobs.Found:
            lexicon = lexicons()[0]
            return stack.enter_context(logprobs.read(study, path, vocabulary, join=join, lexicon=lexicon))

        yield reading


Read = Callable[..., logprobs.Found]


def test_outputs_find_their_traces_by_text(read: Read, study: Study, tmp_path: Path) -> None:
    rows = [completion(text) for text in [*TEXTS[::-1], "Something else."]]
    found = read(study, write(tmp_path / "l.jsonl", rows))
    assert found.account() == "joined with traces: 8 by text; not used: 1 without a trace"
    ids = study.traces(["trace_id", "response"]).set_index("response")["trace_id"]
    got = found.tokens.get(ids[TEXTS[3]])
    assert got is not None
    assert got.in_lexicon.tolist() == [True, False, False, False, False], "only 'Wait,' is a lexicon word"
    bounds = entropy_bounds(np.log([[0.9, 0.05]]), V)
    np.testing.assert_allclose(got.entropy, np.repeat(bounds.middle, 5))
    np.testing.assert_allclose(got.low, np.repeat(bounds.low, 5))
    np.testing.assert_allclose(got.high, np.repeat(bounds.high, 5))
    assert found.tokens.get("nothing") is None


def test_outputs_find_their_traces_by_id_and_in_order(read: Read, study: Study, tmp_path: Path) -> None:
    ids = study.traces(["trace_id"])["trace_id"].tolist()
    rows = [{"trace_id": t, "logprobs": {"content": content("other text")}} for t in ids[:3]]
    found = read(study, write(tmp_path / "a.jsonl", [*rows, rows[0]]))
    assert (
        found.account() == "joined with traces: 3 by trace_id; not used: 1 for a trace that has some already"
    )
    rows = [{"logprobs": content(f"text {i}")} for i in range(8)]
    found = read(study, write(tmp_path / "b.jsonl", rows), join="order")
    assert found.account() == "joined with traces: 8 in order"
    with pytest.raises(InputError, match=r"--join order: .* has 7 outputs and the study 8 traces"):
        read(study, write(tmp_path / "c.jsonl", rows[:7]), join="order")


def test_a_batch_output_joins_by_custom_id(read: Read, tmp_path: Path) -> None:
    def line(i: int) -> dict[str, Any]:
        choice = {
            "message": {"content": f"Same text {i % 2}."},
            "finish_reason": "stop",
            "logprobs": {"content": content(f"Same text {i % 2}.")},
        }
        return {
            "custom_id": f"q{i}",
            "response": {"status_code": 200, "body": {"model": "m", "choices": [choice]}},
        }

    path = write(tmp_path / "batch_output.jsonl", [line(i) for i in range(4)])
    from reasonlens.workflow.ingest import Settings, ingest
    from reasonlens.workflow.run import Plan

    ingest([path], Plan(tmp_path / "s"), Settings(), jobs=1)
    found = read(Study(tmp_path / "s"), path)
    assert found.account() == "joined with traces: 4 by custom_id"


def test_what_holds_no_log_probabilities_is_counted(read: Read, study: Study, tmp_path: Path) -> None:
    bare = [{"token": "Wait", "logprob": -0.1}]
    rows = [completion(TEXTS[0]), {"choices": [{"message": {}}]}, {"logprobs": {"content": bare}}, [1]]
    path = write(tmp_path / "l.jsonl", rows)
    path.write_text(path.read_text() + "\n{broken\n")
    lost = dict(read(study, path).lost)
    assert lost.pop("the row has no logprobs.content") == 1
    assert lost.pop("without top_logprobs") == 1
    assert sum(lost.values()) == 2, "a list and a broken line"
    with pytest.raises(InputError, match="no log-probabilities for a trace of the study"):
        read(study, write(tmp_path / "m.jsonl", [completion("Unknown text.")]))


def test_a_vocabulary_that_is_too_small_names_the_row(read: Read, study: Study, tmp_path: Path) -> None:
    path = write(tmp_path / "l.jsonl", [completion(TEXTS[0], p=0.5, rest=(0.01,))])
    with pytest.raises(InputError, match=r"l\.jsonl, line 1: token 0: a mass of 0\.4900 .* see --vocabulary"):
        read(study, path, vocabulary=10)


def test_the_drawn_token_is_no_top_token_if_it_is_the_least_likely() -> None:
    drawn = item("a", p=0.6, rest=(0.3,))
    drawn["token"] = "rare"
    drawn["top_logprobs"].append({"token": "rare", "logprob": -9.0})
    unknown = {"token": "b", "top_logprobs": [{"token": "b", "logprob": -9999.0}]}
    table = known([drawn, unknown, item("c", p=0.9, rest=())])
    np.testing.assert_allclose(np.exp(table[0]), [0.6, 0.3])
    assert np.isnan(table[1]).all()
    assert np.exp(table[2, 0]) == pytest.approx(0.9)


def test_places_of_tokens_that_share_a_character() -> None:
    data = "so é 等".encode()
    pieces = [data[:3], data[3:4], data[4:6], data[6:7], data[7:]]
    items = [{"token": "?", "bytes": list(piece)} for piece in pieces]
    text, starts = spans(items)
    assert text == "so é 等"
    assert starts.tolist()[:2] == [0, 3]
    assert starts.tolist()[-1] == len(text)
    text, starts = spans([{"token": "ab"}, {"token": "c"}])
    assert (text, starts.tolist()) == ("abc", [0, 2, 3])


def test_rows_that_are_no_outputs_say_why() -> None:
    assert list(outputs([])) == ["the row is no object"]
    assert list(outputs({})) == ["the row has no logprobs.content"]
    two = completion("a")["choices"] * 2
    assert [o.sample for o in outputs({"choices": two})] == [0, 1]  # type: ignore[union-attr]


def test_the_store_can_be_used_in_another_process(read: Read, study: Study, tmp_path: Path) -> None:
    found = read(study, write(tmp_path / "l.jsonl", [completion(text) for text in TEXTS]))
    again = pickle.loads(pickle.dumps(found.tokens))
    ids = study.traces(["trace_id"])["trace_id"].tolist()
    np.testing.assert_array_equal(again.get(ids[0]).entropy, found.tokens.get(ids[0]).entropy)
    assert len(again) == 8
    again.close()


@pytest.mark.parametrize(("p", "verdict"), [(0.9999, "flagged"), (0.4, "not flagged")])
def test_collapsed_entropy_is_flagged(
    read: Read, study: Study, tmp_path: Path, p: float, verdict: str
) -> None:
    rest = (1e-6,) if p > 0.9 else (0.1,)
    rows = [completion(text, p=p - 0.001 * i * (p < 0.9), rest=rest) for i, text in enumerate(TEXTS)]
    found = read(study, write(tmp_path / "l.jsonl", rows))
    for jobs in (1, 2):
        table = diagnose(study, Asked(signatures=("entropy_collapse",)), tokens=found.tokens, jobs=jobs).table
        mean = table.set_index("measure").loc["mean"]
        assert mean["verdict"] == verdict
        assert mean["unit"] == "nats per token"
        assert mean["evidence"][0]["quote"].startswith("most uncertain: ")
    bounds = table.set_index("measure")["value"]
    assert bounds["lower_bound"] <= bounds["mean"] <= bounds["upper_bound"]
