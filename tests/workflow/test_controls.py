"""Controls of a study's traces: what is written, that it is read back, and that it pairs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import reasonlens
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.text.controls import Control, Edit, undo
from reasonlens.workflow.controls import MARKERS, Recipe, make, rates_of
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan
from reasonlens.workflow.tokens import Question
from tests.signatures.making import row, study_of

HEDGED = (
    "<think>Wait, we add the {} boxes. Perhaps they are full. But some are not, so we halve it."
    "</think>It is 4."
)
PLAIN = (
    "We add the {} boxes. They are full. Some are not, so we halve it. Then we stop. That is all. It is 4."
)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    rows = [row(i, HEDGED.format(i), "lab/d", "distilled") for i in range(6)]
    rows += [row(i, PLAIN.format(i), "lab/b", "base", gold="4") for i in range(6)]
    rows.append(
        row(9, "", "lab/f", "other", reasoning="Hmm, two boxes. So four of them.", sample=3)
        | {"response": "4"}
    )
    return study_of(tmp_path, rows)


def written(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_stripped_traces_keep_their_tags_answers_and_ids(study: Study, tmp_path: Path) -> None:
    made = make(study, Recipe("strip"), tmp_path / "c.jsonl")
    rows = written(tmp_path / "c.jsonl")
    assert (made.traces, made.changed, made.edits, made.kept) == (13, 7, 19, 0)
    assert rows[0]["response"] == (
        "<think>We add the 0 boxes. They are full. Some are not, so we halve it.</think>It is 4."
    )
    assert (rows[0]["condition"], rows[0]["model"], rows[0]["benchmark"]) == ("strip", "lab/d", "toy")
    assert rows[6]["response"] == PLAIN.format(0)
    assert rows[6]["gold"] == "4"
    assert rows[12]["reasoning"] == "Two boxes. So four of them."
    assert (rows[12]["response"], rows[12]["sample"]) == ("4", 3)
    assert made.before.hits == {"wait": 6, "perhaps": 6, "but": 6, "hmm": 1}
    assert made.after.per_thousand == 0


def test_the_record_restores_the_original(study: Study, tmp_path: Path) -> None:
    texts = study.traces(["trace_id", "reasoning"]).set_index("trace_id")["reasoning"]
    for kind in ("strip", "shuffle", "inject"):
        make(study, Recipe(kind, rate=60 if kind == "inject" else None), tmp_path / "c.jsonl")
        for one in written(tmp_path / "c.jsonl"):
            record = one["control"]
            whole = one.get("reasoning") or re.sub("</?think>.*?$|<think>", "", one["response"], flags=re.S)
            if "<think>" in one["response"]:
                whole = one["response"].removeprefix("<think>").partition("</think>")[0]
            edits = tuple(Edit(*edit) for edit in record.get("edits", ()))
            lengths = tuple(map(tuple, record.get("lengths", ())))
            control = Control(
                kind, whole, edits, tuple(record.get("order", ())), lengths, tuple(record.get("glued", ()))
            )
            assert undo(control) == texts[record["of"]]
            assert (record["make"], record["seed"], record["part"]) == (kind, 0, "reasoning")


def test_injection_matches_the_rate_and_mix_of_another_kind(study: Study, tmp_path: Path) -> None:
    wanted = rates_of(study, Recipe("inject"), "distilled")
    # three markers in 17 words of reasoning
    assert wanted.per_thousand == pytest.approx(1000 * 3 / 17)
    made = make(study, Recipe("inject", like="distilled", group="base"), tmp_path / "c.jsonl")
    assert made.target == wanted.per_thousand
    assert made.traces == 6
    assert made.after.per_thousand == pytest.approx(wanted.per_thousand, rel=0.15)
    assert set(made.after.hits) <= {"wait", "perhaps", "but"}
    rows = written(tmp_path / "c.jsonl")
    assert {r["model"] for r in rows} == {"lab/b"}
    assert all(r["response"].endswith(" is 4.") for r in rows)
    make(study, Recipe("inject", like="distilled", group="base"), tmp_path / "d.jsonl")
    assert (tmp_path / "c.jsonl").read_bytes() == (tmp_path / "d.jsonl").read_bytes()
    make(study, Recipe("inject", like="distilled", group="base", seed=1), tmp_path / "d.jsonl")
    assert (tmp_path / "c.jsonl").read_bytes() != (tmp_path / "d.jsonl").read_bytes()


def test_controls_are_traces_that_pair_with_their_originals(study: Study, tmp_path: Path) -> None:
    make(study, Recipe("strip", originals=True, name="no-markers"), tmp_path / "c.jsonl")
    ingest([tmp_path / "c.jsonl"], Plan(tmp_path / "t"), Settings(), jobs=1)
    traces = Study(tmp_path / "t").traces()
    assert traces["condition"].value_counts().to_dict() == {"baseline": 13, "no-markers": 13}
    old = study.traces().set_index("trace_id")
    base = traces[traces["condition"] == "baseline"].set_index("trace_id")
    assert set(base.index) == set(old.index), "unchanged traces have their ids"
    assert (base["problem_id"] == old["problem_id"].reindex(base.index)).all()
    same = traces[traces["condition"] == "no-markers"].groupby("problem_id").size()
    assert same.to_dict() == base.groupby("problem_id").size().to_dict()
    for condition, hits in (("baseline", 19), ("no-markers", 0)):
        lexicon = Recipe("strip").lexicon()
        found = reasonlens.tokens(
            tmp_path / "c.jsonl", lexicons=[lexicon], text="reasoning", question=Question(condition=condition)
        )
        assert int(found.entries["hits"].sum()) == hits


def test_mistakes(study: Study, tmp_path: Path) -> None:
    out = tmp_path / "c.jsonl"
    with pytest.raises(UnknownNameError, match="no control is named 'scramble'"):
        make(study, Recipe("scramble"), out)
    with pytest.raises(InputError, match=r"say how many: --rate 20 \(per 1,000 words\) or --like"):
        make(study, Recipe("inject"), out)
    with pytest.raises(
        UnknownNameError, match=r"no model or kind is named 'teacher'\. .*Known: base, distilled, lab/b"
    ):
        make(study, Recipe("inject", like="teacher"), out)
    with pytest.raises(UnknownNameError, match="no model or kind is named 'zero_rl'"):
        make(study, Recipe("strip", group="zero_rl"), out)
    with pytest.raises(InputError, match="base uses none of the markers wait"):
        make(study, Recipe("inject", like="base", markers=("wait", "hmm")), out)
    with pytest.raises(InputError, match="there is no folder"):
        make(study, Recipe("strip"), tmp_path / "no" / "c.jsonl")
    assert not out.exists()
    assert not list(tmp_path.glob(".c.jsonl*"))
    assert "wait" in MARKERS
