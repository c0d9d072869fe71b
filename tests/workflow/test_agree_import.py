from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.judges import load_codebook
from reasonlens.workflow.agree_file import read_labels
from reasonlens.workflow.agree_import import import_labels
from reasonlens.workflow.agree_labels import plain
from tests.workflow.agreeing import CHECK, make_study, sheet


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path, 4, judge=False)[0]


def first_id(study: Study) -> str:
    return sorted(study.traces(["trace_id"])["trace_id"])[0]


def lines(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_labels_become_rows_of_the_table_with_the_whole_response_as_unit(
    study: Study, tmp_path: Path
) -> None:
    rows = sheet(study, tmp_path / "ann.csv")
    found = import_labels(study, tmp_path / "ann.csv", "ann")
    assert (found.judge, found.labels, found.traces, found.blank, found.replaced) == (
        "human:ann",
        {"verification": 8},
        8,
        0,
        0,
    )
    table = plain(study.read("labels", "response"))
    assert sorted(zip(table["trace_id"], table["verdict"], strict=True)) == sorted(
        (row["trace_id"], row["verdict"]) for row in rows
    )
    text = study.traces(["trace_id", "response"]).set_index("trace_id")["response"]
    assert all(end == len(text[i]) for i, end in zip(table["trace_id"], table["unit_end"], strict=True))
    assert set(table["digest"]) == {load_codebook("verification").digest}
    assert set(table["count"][table["verdict"] == "present"]) == {1}
    assert set(table["count"][table["verdict"] == "absent"]) == {0}


def test_quotes_are_found_and_counted(study: Study, tmp_path: Path) -> None:
    traces = study.traces(["trace_id", "response"])
    trace_id = traces["trace_id"][traces["response"].str.contains(CHECK)].iloc[0]
    path = tmp_path / "a.csv"
    path.write_text(
        "trace_id,behavior,verdict,quotes,note\n"
        f'{trace_id},verification,yes,"{CHECK} || Let me verify the sum || not in it at all",why\n'
    )
    found = import_labels(study, path, "ann")
    (row,) = study.read("labels").to_pylist()
    assert (found.unverified, row["n_unverified"], row["count"], row["rationale"]) == (1, 1, 2, "why")
    assert [q["found"] for q in row["quotes"]] == ["exact", "exact", "missing"]


def test_a_count_of_its_own_is_kept(study: Study, tmp_path: Path) -> None:
    row = {"trace_id": first_id(study), "behavior": "verification", "verdict": True, "count": 5}
    import_labels(study, lines(tmp_path / "a.jsonl", row), "ann")
    assert study.read("labels")["count"].to_pylist() == [5]


def test_later_labels_replace_those_of_the_same_units_only(study: Study, tmp_path: Path) -> None:
    rows = sheet(study, tmp_path / "ann.csv")
    import_labels(study, tmp_path / "ann.csv", "ann")
    again = {**rows[0], "verdict": "unclear"}
    found = import_labels(study, lines(tmp_path / "b.jsonl", again), "ann")
    assert found.replaced == 1
    table = plain(study.read("labels"))
    assert len(table) == 8
    assert table.set_index("trace_id")["verdict"][rows[0]["trace_id"]] == "unclear"
    import_labels(study, lines(tmp_path / "b.jsonl", again), "bob")
    assert sorted(set(plain(study.read("labels"))["judge"])) == ["human:ann", "human:bob"]


def test_sentences_are_labelled_by_their_place(study: Study, tmp_path: Path) -> None:
    trace_id = first_id(study)
    rows = [
        {"trace_id": trace_id, "behavior": "self_checking", "verdict": v, "start": a, "end": b}
        for v, a, b in (("present", 0, 5), ("absent", 6, 17))
    ]
    import_labels(study, lines(tmp_path / "a.jsonl", *rows), "ann")
    more = {**rows[0], "start": 20, "end": 30}
    import_labels(study, lines(tmp_path / "b.jsonl", more), "ann")
    table = plain(study.read("labels")).sort_values("unit_start")
    assert table[["unit", "unit_start", "unit_end"]].to_numpy().tolist() == [
        ["sentence", 0, 5],
        ["sentence", 6, 17],
        ["sentence", 20, 30],
    ]


def test_rows_that_are_not_filled_in_are_counted(study: Study, tmp_path: Path) -> None:
    rows = sheet(study, tmp_path / "ann.csv")
    text = (tmp_path / "ann.csv").read_text().replace(f"{rows[0]['trace_id']},verification,present", "x")
    text = text.replace(
        f"{rows[1]['trace_id']},verification,{rows[1]['verdict']}", f"{rows[1]['trace_id']},verification,"
    )
    (tmp_path / "b.csv").write_text(text.replace("x\n", ""))
    assert import_labels(study, tmp_path / "b.csv", "ann").blank == 1


ID = "004"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.csv",
            "trace_id,behaviour,verdict\n",
            r"a.csv:1: no column 'behavior' \(is 'behaviour' meant\?\)",
        ),
        ("a.csv", "trace_id,behavior,verdict\n", "a.csv has no labels: fill in the column verdict"),
        (
            "a.csv",
            "trace_id,behavior,verdict\nx,verification,maybe\n",
            "a.csv:2: verdict 'maybe'; write present",
        ),
        ("a.csv", "trace_id,behavior,verdict\n,verification,yes\n", "a.csv:2: trace_id is empty"),
        ("a.csv", "trace_id,behavior,verdict\nx,verification,yes,3\n", "a.csv:2: more cells than columns"),
        (
            "a.csv",
            "trace_id,behavior,verdict,count\nx,verification,no,3\n",
            "count 3 does not go with .* 'absent'",
        ),
        (
            "a.csv",
            "trace_id,behavior,verdict,count\nx,verification,yes,1.5\n",
            "count '1.5' is no whole number",
        ),
        ("a.csv", "trace_id,behavior,verdict,start\nx,verification,yes,1\n", "both start and end"),
        (
            "a.csv",
            "trace_id,behavior,verdict\nx,verification,yes\n",
            "1 of 1 labels are of traces .*'x' .line 2.",
        ),
        ("a.jsonl", '{"trace_id": "x"', "a.jsonl:1: no JSON"),
        ("a.jsonl", "[1]", "a.jsonl:1: a label is an object, such as"),
        ("a.jsonl", '{"trace_id": "x", "verdict": 1}', "a.jsonl:1: no column 'behavior'"),
        (
            "a.jsonl",
            '{"trace_id": "x", "behavior": "verification", "verdict": 1, "quotes": [1]}',
            "quotes must be",
        ),
        ("a.xlsx", "", "labels come as .csv, .tsv or .jsonl"),
    ],
)
def test_mistakes_are_named_with_their_line(
    name: str, content: str, message: str, study: Study, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        import_labels(study, path, "ann")
    assert not study.path.joinpath("labels").exists()


def test_mistakes_that_need_the_study_are_named(study: Study, tmp_path: Path) -> None:
    row = {"trace_id": first_id(study), "behavior": "verification", "verdict": "yes"}
    path = tmp_path / "a.jsonl"
    with pytest.raises(InputError, match=r"a.jsonl:2: the label of .* for 'verification' is also in line 1"):
        import_labels(study, lines(path, row, row), "ann")
    with pytest.raises(
        UnknownNameError, match=r"no behavior is named 'verifcation'. Did you mean 'verification'"
    ):
        import_labels(study, lines(path, {**row, "behavior": "verifcation"}), "ann")
    with pytest.raises(InputError, match="judged sentence by sentence; give start and end"):
        import_labels(study, lines(path, {**row, "behavior": "self_checking"}), "ann")
    with pytest.raises(InputError, match="judged on the whole response; leave start and end out"):
        import_labels(study, lines(path, {**row, "start": 1, "end": 3}), "ann")
    with pytest.raises(InputError, match=r"5 to 99999 is not in the response"):
        import_labels(
            study, lines(path, {**row, "behavior": "self_checking", "start": 5, "end": 99999}), "ann"
        )
    with pytest.raises(InputError, match="--who 'an/n': use letters"):
        import_labels(study, lines(path, row), "an/n")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"trace_id,behavior,verdict\nx,verification,\xff\n")
    with pytest.raises(InputError, match="is not UTF-8; save it again"):
        read_labels(path)
    path.write_bytes(b"\xef\xbb\xbftrace_id,behavior,verdict\nx,verification,YES\n")
    assert read_labels(path)[0][0].verdict == "present"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(alphabet=st.sampled_from('{}[]",:\n\\abtrace_idbehaviorverdict01 ;\t'), max_size=80),
    st.sampled_from([".csv", ".tsv", ".jsonl"]),
)
def test_no_content_makes_it_fail_in_another_way(tmp_path: Path, content: str, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_text(content, encoding="utf-8")
    why = ""
    try:
        rows, _ = read_labels(path)
    except InputError as error:
        rows, why = [], str(error)
    assert rows or str(path) in why
