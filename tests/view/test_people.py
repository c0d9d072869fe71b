"""Labels by people: on disk at once, whole after a crash, refused if they make no sense, and importable."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from reasonlens.cli import cli
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.view.index import Index, load
from reasonlens.view.people import Labeler
from tests.view.making import client_of

ORIGIN = {"origin": "http://testserver"}


@pytest.fixture
def index(two_conditions: Study) -> Index:
    return load(two_conditions)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_answers_are_appended_and_the_last_one_stands(index: Index) -> None:
    ann = Labeler(index, "ann", "verification")
    one, two = ann.sample()[:2]
    ann.add(one, "present", [(0, 4)])
    ann.add(two, "absent")
    before = ann.path.read_bytes()
    ann.add(one, "unclear")
    assert ann.path.read_bytes().startswith(before)
    assert {k: v["verdict"] for k, v in ann.answers().items()} == {one: "unclear", two: "absent"}
    assert lines(ann.path)[0] | {"time": 0} == {
        "trace_id": one,
        "behavior": "verification",
        "verdict": "present",
        "spans": [[0, 4]],
        "quotes": ["Wait"],
        "who": "ann",
        "time": 0,
    }
    assert Labeler(index, "bob", "verification").answers() == {}
    assert Labeler(index, "ann", "backtracking").answers() == {}


@pytest.mark.parametrize("half", ['{"trace_id": "x', '{"trace_id"', "{", '{"a": 1}'])
def test_half_a_line_of_a_crash_costs_that_line_alone(index: Index, half: str) -> None:
    ann = Labeler(index, "ann", "verification")
    one, two = ann.sample()[:2]
    ann.add(one, "present")
    whole = ann.path.read_bytes()
    ann.path.write_bytes(whole + half.encode())
    assert list(ann.answers()) == [one]
    ann.add(two, "absent")
    assert ann.path.read_bytes().startswith(whole + b'{"trace_id": ')
    assert [row["trace_id"] for row in lines(ann.path)] == [one, two]


def test_half_a_line_in_a_new_file(index: Index) -> None:
    ann = Labeler(index, "ann", "verification")
    ann.path.parent.mkdir()
    ann.path.write_text('{"tra')
    ann.add(ann.sample()[0], "present")
    assert len(lines(ann.path)) == 1


def test_the_sample_is_the_seed_s_and_blind_to_who_wrote_it(index: Index) -> None:
    first = Labeler(index, "ann", "verification", 4, 7).sample()
    assert first == Labeler(index, "bob", "backtracking", 4, 7).sample()
    assert len(set(first)) == 4
    assert sorted(Labeler(index, "ann", "verification", 100, 8).sample()) == sorted(index.traces["trace_id"])


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "a b", "x" * 41, "é", "a\n"])
def test_names_that_are_no_file_names_are_refused(index: Index, name: str) -> None:
    with pytest.raises(InputError, match="must be 1 to 40 letters, digits"):
        Labeler(index, name, "verification")
    with pytest.raises(InputError, match=r"the behavior .* must be 1 to 40"):
        Labeler(index, "ann", name)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "maybe"}, "'maybe' is no answer; give one of present, absent, unclear"),
        ({"trace_id": "../../x"}, "this study has no trace '../../x'"),
        ({"spans": [[3, 2]]}, "a span runs from its start to a later end"),
        ({"spans": [[0, 10_000]]}, "a span runs from its start to a later end"),
        ({"spans": [[-1, 2]]}, "a span runs from its start to a later end"),
        ({"who": "../ann"}, "the name '../ann' must be"),
        ({"spans": 3}, "not iterable"),
    ],
)
def test_a_bad_label_is_refused_and_leaves_nothing(
    two_conditions: Study, index: Index, change: dict[str, object], said: str
) -> None:
    visitor = client_of(two_conditions)
    label = {"who": "ann", "behavior": "verification", "trace_id": Labeler(index, "a", "b").sample()[0]}
    body = {**label, "verdict": "present", "spans": [], **change}
    answer = visitor.post("/label", content=json.dumps(body), headers=ORIGIN)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert not (two_conditions.path / "human").exists()


@pytest.mark.parametrize("body", [b"", b"[]", b"3", b"{", b"\xff", b'{"who": "ann"}'])
def test_what_is_no_label_is_refused(two_conditions: Study, body: bytes) -> None:
    answer = client_of(two_conditions).post("/label", content=body, headers=ORIGIN)
    assert answer.status_code == 400
    assert not (two_conditions.path / "human").exists()


def test_a_body_without_end_is_cut_off(two_conditions: Study) -> None:
    answer = client_of(two_conditions).post("/label", content=b" " * 70_000, headers=ORIGIN)
    assert answer.status_code == 413


def test_a_person_labels_all_and_agree_takes_it_in(two_conditions: Study) -> None:
    visitor = client_of(two_conditions)
    query = {"who": "ann", "behavior": "verification", "n": "3"}
    for verdict in ("present", "absent", "present"):
        page = visitor.get("/label", params=query).text
        assert "lab/m" not in page  # blind
        trace_id = re.search(r'data-trace="([0-9a-f]{24})"', page)[1]  # type: ignore[index]
        label = {"who": "ann", "behavior": "verification", "trace_id": trace_id, "verdict": verdict}
        kept = visitor.post("/label?n=3", json={**label, "spans": [[0, 4]]}, headers=ORIGIN)
        assert kept.json() == {"kept": True}
    again = {**label, "verdict": "absent"}
    assert visitor.post("/label?n=3", json=again, headers=ORIGIN).status_code == 200
    done = visitor.get("/label", params=query).text
    assert "3 of 3 labeled" in done
    command = html.unescape(re.search(r"<code>reasonlens (agree import .*?)</code>", done)[1])  # type: ignore[index]
    out = CliRunner().invoke(cli, shlex.split(command))
    assert out.exit_code == 0, out.output
    labels = two_conditions.read("labels").to_pandas()
    assert set(labels["judge"].astype("str")) == {"human:ann"}
    assert sorted(labels["verdict"].astype("str")) == ["absent", "absent", "present"]
    quotes = labels.set_index("verdict")["quotes"]["present"]
    assert [(q["start"], q["end"], q["surface"], q["found"]) for q in quotes] == [(0, 4, "Wait", "exact")]


def test_the_page_says_what_counts(two_conditions: Study) -> None:
    visitor = client_of(two_conditions)
    assert '<option value="verification">' in visitor.get("/label").text
    page = visitor.get("/label", params={"who": "ann", "behavior": "verification"}).text
    assert "What counts" in page
    assert "Does not count" in page
    refused = visitor.get("/label", params={"who": "../x", "behavior": "verification"})
    assert refused.status_code == 404
