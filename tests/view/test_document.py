"""A trace cut into blocks and pieces is still the trace, and its marks are the counted hits."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon import count, definition
from reasonlens.view import document
from reasonlens.view.blocks import blocks, strip
from reasonlens.view.document import Document, Layer, Mark
from reasonlens.view.index import Index, load
from tests.view.making import made_study

TEXT = st.text(st.sampled_from("ab \n\t.\u202e\x00é𝟙"), max_size=120) | st.just("x" * 9001)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(TEXT)
    spans = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)), st.integers(0, 2))
    marks = [
        Mark(min(a, b), max(a, b), k, f"n{k}") for a, b, k in draw(st.lists(spans, max_size=8)) if a != b
    ]
    answer = text[draw(st.integers(0, len(text))) :]
    record = {"response": text, "reasoning": draw(st.sampled_from(["", "r", None])), "answer": answer}
    layers = tuple(Layer(str(k), "category", str(k), k) for k in range(3))
    return Document(record, layers, tuple(sorted(marks, key=lambda m: (m.start, m.end))), (), (), (), ())


@given(documents())
def test_the_pieces_of_the_blocks_joined_are_the_response(made: Document) -> None:
    cut = blocks(made)
    assert "".join(p.text for b in cut for p in b.pieces) == made.text
    place = 0
    for number, block in enumerate(cut):
        assert (block.number, block.start) == (number, place)
        place += sum(len(p.text) for p in block.pieces)
        assert len("".join(p.text for p in block.pieces)) <= 4000


@given(documents())
def test_every_character_carries_the_layers_of_its_marks(made: Document) -> None:
    told = [p.layers for b in blocks(made) for p in b.pieces for _ in p.text]
    for at, layers in enumerate(told):
        assert set(layers) == {m.layer for m in made.marks if m.start <= at < m.end}


@given(documents())
def test_the_strip_shows_every_mark_and_leads_to_its_stretch(made: Document) -> None:
    cut = blocks(made)
    found = strip(made, cut)
    size = len(made.text)
    for layer, places in enumerate(found.places):
        marks = [m.start for m in made.marks if m.layer == layer]
        assert set(places) == {start * 400 // size for start in marks}
    assert len(found.leads) == 100
    for stretch, number in enumerate(found.leads):
        block = cut[number]
        end = cut[number + 1].start if number + 1 < len(cut) else size + 1
        assert block.start <= size * stretch // 100 < end


def test_the_marks_are_the_hits_of_the_lexicon(sample_study: Study, sample_index: Index) -> None:
    lexicon = definition.load("flexible_reasoning")
    traces = sample_study.read("traces", columns=["trace_id", "response"])
    hits = count.match_table(traces, [lexicon]).to_pandas().astype({"category": "str"})
    total = 0
    for trace_id in traces["trace_id"].to_pylist():
        found = document.read(sample_index, trace_id)
        mine = hits[hits["trace_id"] == trace_id]
        expected = sorted(zip(mine["start"], mine["end"], mine["category"], strict=True))
        words = [m for m in found.marks if found.layers[m.layer].kind == "category"]
        got = sorted((m.start, m.end, found.layers[m.layer].key.split("/")[1]) for m in words)
        assert got == expected
        assert [found.text[a:b] for a, b, _ in got] == mine.sort_values(["start", "end"])["surface"].tolist()
        total += len(got)
    assert total == sample_study.counts().query("part == 'response'")["n"].sum() > 100


def test_quotes_of_a_judge_lie_where_they_are_written(sample_study: Study, sample_index: Index) -> None:
    labels = sample_study.read("labels").to_pylist()
    quoted = [row for row in labels if row["quotes"]]
    assert len(quoted) > 5
    for row in quoted:
        found = document.read(sample_index, row["trace_id"])
        layer = next(i for i, x in enumerate(found.layers) if x.key == f"{row['judge']}/{row['behavior']}")
        marked = [found.text[m.start : m.end] for m in found.marks if m.layer == layer]
        assert sorted(marked) == sorted(q["surface"] for q in row["quotes"] if q["found"] != "missing")


def test_quotes_in_the_reasoning_are_shifted_to_their_place_in_the_response(tmp_path: Path) -> None:
    response = "<think>So 4. Let me check that again.</think>It is 4. So 4."
    study = made_study(tmp_path, [{"model": "m", "problem_id": "1", "problem": "p", "response": response}])
    trace = study.read("traces").to_pylist()[0]
    said = "Let me check that again."
    quote = {"start": trace["reasoning"].index(said), "surface": said, "found": "exact"}
    quote["end"] = quote["start"] + len(said)
    label = {
        "trace_id": trace["trace_id"],
        "part": "reasoning",
        "unit": "trace",
        "unit_start": 0,
        "repeat": 0,
        "unit_end": len(trace["reasoning"]),
        "behavior": "verification",
        "judge": "j",
        "version": "1",
        "digest": "d",
        "verdict": "present",
        "count": 1,
        "n_unverified": 0,
        "quotes": [quote],
        "rationale": "it checks",
        "problem": "",
        "cost": 0.0,
    }
    study.write("labels", study.parts("traces")[0], pa.Table.from_pylist([label]), "reasoning", "j", "v")
    found = document.read(load(study), trace["trace_id"])
    (mark,) = [m for m in found.marks if found.layers[m.layer].kind == "behavior"]
    assert found.text[mark.start : mark.end] == said
    assert mark.note == "it checks"
    parts = {b.part: "".join(p.text for p in b.pieces) for b in blocks(found)}
    assert parts["answer"].startswith("It is 4.")


def test_a_study_without_texts_is_refused_with_what_to_do(tmp_path: Path) -> None:
    from reasonlens.workflow.ingest import Settings, ingest
    from reasonlens.workflow.run import Plan

    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"model": "m", "problem": "p", "response": "wait"}))
    ingest([path], Plan(tmp_path / "s", keep_text=False), Settings(), jobs=1)
    study = Study(tmp_path / "s")
    index = load(study)
    with pytest.raises(InputError, match="made without texts; read the files again with --study"):
        document.read(index, str(index.traces["trace_id"][0]))


def test_steps_stand_where_the_text_has_them(tmp_path: Path) -> None:
    from reasonlens.structure.baseline import Baseline
    from reasonlens.view.blocks import block_at, steps_in
    from reasonlens.workflow.structure_chosen import Chosen
    from reasonlens.workflow.structure_steps import decompose_study

    reasoning = "First, add 2 and 3.\n\nWait, is that 5? Yes."
    study = made_study(tmp_path, [{"model": "m", "problem": "p", "response": f"<think>{reasoning}</think>5"}])
    decompose_study(study, Baseline(), Chosen())
    index = load(study)
    read = document.read(index, index.traces["trace_id"].iloc[0])
    cut = blocks(read)
    placed = steps_in(read)
    assert [(step["kind"], read.text[start:].split()[0]) for step, start in placed] == [
        ("plan", "First,"),
        ("check", "Wait,"),
    ]
    for step, start in placed:
        text = "".join(p.text for p in cut[block_at(cut, start)].pieces)
        assert str(step["meta"]).split(".")[0] in text
    assert block_at(cut, -1) == -1
