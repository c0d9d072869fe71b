"""The first page has the numbers of ``tokens``; what differs is said as it was estimated."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from reasonlens.core.study import Study
from reasonlens.view import overview
from reasonlens.view.findings import Finding, exclusions, findings, grid, methods, title_of
from reasonlens.view.index import Index, load
from reasonlens.view.sampling import choose


def test_rates_and_intervals_are_those_of_tokens(sample_study: Study, sample_index: Index) -> None:
    estimates = sample_study.estimates()
    rates = estimates[(estimates["contrast"] == "") & (estimates["unit"] == "per 1,000 words")]
    rates = rates.set_index(["group", "dataset", "measure"])
    seen = 0
    for row in overview.rows(sample_index):  # one model of each kind: kinds are models here
        for name, cell in row["rates"].items():
            told = rates.loc[(row["kind"], row["dataset"], f"{name}/words")]
            assert cell.value == pytest.approx(told["value"], abs=1e-9)
            assert cell.text == f"{told['value']:,.2f}"
            assert cell.limits == f"[{told['low']:,.2f}, {told['high']:,.2f}]"
            assert row["problems"] == told["n_problems"]
            seen += 1
    assert seen == 4 * 3 * 3


def test_counts_accuracy_and_lengths_are_those_of_pandas(sample_study: Study, sample_index: Index) -> None:
    traces = sample_study.traces(["trace_id", "model", "dataset", "correct_source", "health"])
    words = sample_study.lengths().query("part == 'response'").set_index("trace_id")["n_words"]
    traces["words"] = traces["trace_id"].map(words)
    grouped = dict(tuple(traces.groupby(["model", "dataset"])))
    for row in overview.rows(sample_index):
        mine = grouped[row["model"], row["dataset"]]
        assert row["traces"].value == len(mine)
        assert row["accuracy"].value == pytest.approx(100 * mine["correct_source"].astype(float).mean())
        assert row["words"].value == pytest.approx(mine["words"].mean())
        for flag in ("truncated", "looping", "empty", "no_reasoning"):
            assert row["flags"][flag].value == sum(flag in list(f) for f in mine["health"])


def test_every_number_leads_to_as_many_traces(sample_index: Index) -> None:
    from reasonlens.view.selection import Filter, select

    for row in overview.rows(sample_index):
        assert len(select(sample_index, Filter(**row["traces"].filter))) == row["traces"].value
        for cell in row["flags"].values():
            assert len(select(sample_index, Filter(**cell.filter))) == cell.value


def test_entries_of_a_category_are_its_counts(sample_study: Study, sample_index: Index) -> None:
    counts = sample_study.counts().astype({"category": "str", "entry": "str", "part": "str"})
    mine = counts[(counts["category"] == "logical_connectors") & (counts["part"] == "response")]
    rows = overview.entries(sample_index, "flexible_reasoning/logical_connectors")
    assert {row["entry"]: row["total"] for row in rows} == mine.groupby("entry")["n"].sum().to_dict()
    assert all(row["total"] == sum(v for k, v in row.items() if k not in ("entry", "total")) for row in rows)


def test_verdicts_are_counted_by_kind(sample_study: Study, sample_index: Index) -> None:
    labels = sample_study.read("labels").to_pandas()
    kinds = sample_study.traces(["trace_id", "model_kind"]).set_index("trace_id")["model_kind"]
    rows = overview.behaviors(sample_index)
    assert (
        sum(row["present"] + row["absent"] for row in rows) == len(labels) == 2 * 78
    )  # the empty one is not judged
    for row in rows:
        mine = labels[
            (labels["behavior"] == row["behavior"]) & (labels["trace_id"].map(kinds) == row["kind"])
        ]
        assert row["present"] == (mine["verdict"] == "present").sum()


def test_flips_are_the_pairs_with_another_outcome(two_conditions: Study) -> None:
    index = load(two_conditions)
    conditions = index.traces.set_index("trace_id")["condition"].astype("str")
    right = index.traces.set_index("trace_id")["correct"]
    found = list(overview.flips(index))
    assert sorted(flip.right for flip in found) == [False, True]
    for flip in found:
        assert (conditions[flip.before], conditions[flip.after]) == ("baseline", "ban-wait")
        assert (right[flip.before], right[flip.after]) == ((0, 1) if flip.right else (1, 0))


def finding(**values: object) -> Finding:
    given = {
        "measure": "flexible_reasoning/anthropomorphic/words",
        "group": "distilled",
        "reference": "base",
        "value": 3.456,
        "low": 2.0,
        "high": 5.0,
        "unit": "ratio",
        "p_adjusted": 0.0004,
        "n_problems": 1234,
        "n_traces": 56,
        "method": "m",
        **values,
    }
    return Finding(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {},
            (
                "anthropomorphic, hits per 1,000 words: distilled 3.46 times base (95% interval 2 to 5, "
                "corrected p below .001; 1,234 shared problems, 56 responses)."
            ),
        ),
        (
            {"p_adjusted": 0.25, "unit": "points", "value": -1.5},
            (
                "anthropomorphic, hits per 1,000 words: distilled -1.5 (points) beside base "
                "(95% interval 2 to 5, corrected p .250; 1,234 shared problems, 56 responses); "
                "a difference is not shown."
            ),
        ),
        (
            {"value": math.nan, "low": math.nan, "p_adjusted": math.nan},
            (
                "anthropomorphic, hits per 1,000 words: undefined for distilled against base "
                "(1,234 shared problems, 56 responses)."
            ),
        ),
    ],
)
def test_a_finding_in_words(values: dict[str, object], sentence: str) -> None:
    assert finding(**values).sentence == sentence


@pytest.mark.parametrize(
    ("of_ratio", "of_difference", "told", "clear"),
    [
        (0.2, 0.0001, "corrected p of the difference below .001", True),
        (0.0001, 0.2, "corrected p of the difference .200", False),
        (0.04, math.nan, "corrected p .040", True),
    ],
)
def test_a_ratio_stands_with_the_test_of_its_difference(
    sample_study: Study, tmp_path: Path, of_ratio: float, of_difference: float, told: str, clear: bool
) -> None:
    """A ratio with few hits on one side has wide limits where the difference is beyond doubt."""
    all_rows = sample_study.estimates()
    measure = "flexible_reasoning/logical_connectors/words"
    mine = (all_rows["measure"] == measure) & (all_rows["dataset"] == "(all)")
    rows = all_rows[mine & (all_rows["group"] == "distilled") & (all_rows["contrast"] != "")]
    assert sorted(rows["unit"]) == ["per 1,000 words", "ratio"]
    rows = rows.assign(p_adjusted=rows["unit"].map({"ratio": of_ratio, "per 1,000 words": of_difference}))
    study = Study(tmp_path / "s", create=True)
    study.write("estimates", "tokens", pa.Table.from_pandas(rows, preserve_index=False))
    (one,) = findings(study)
    assert (one.unit, one.value) == ("ratio", rows.set_index("unit").loc["ratio", "value"])
    assert f"{told}; 15 shared problems, 42 responses" in one.sentence
    assert one.clear == clear


def test_findings_are_the_pooled_contrasts_clear_ones_first(sample_study: Study) -> None:
    found = findings(sample_study)
    clear = [one.clear for one in found]
    assert clear == sorted(clear, reverse=True)
    assert any(clear)
    assert not all(clear)
    tables = [sample_study.estimates(), sample_study.read("comparisons").to_pandas()]
    estimates = pd.concat(tables, ignore_index=True)
    pooled = estimates[(estimates["contrast"] != "") & (estimates["dataset"] == "(all)")]
    for one in [x for x in found if x.measure.endswith("/words")]:
        rows = pooled[(pooled["measure"] == one.measure) & (pooled["group"] == one.group)]
        assert any(value == pytest.approx(one.value, nan_ok=True) for value in rows["value"])
    sizes = [abs(math.log(x.value)) for x in found if x.clear and x.unit == "ratio" and x.value > 0]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("measure", "title"),
    [
        ("flexible_reasoning/logical_connectors/words", "logical connectors, hits per 1,000 words"),
        ("rules@1/verification/response", "instances per response of verification (rules@1)"),
        ("local:mine/verification/presence", "responses with verification (local:mine)"),
        ("gpt-4o/verification/words", "verification, hits per 1,000 words"),
        ("x/anthropomorphic/first/restricted-mean", "words before the first of anthropomorphic"),
        ("length/words", "words per response"),
        ("something/else", "something/else"),
    ],
)
def test_measures_in_words(measure: str, title: str) -> None:
    assert title_of(measure) == title


def test_the_grid_has_every_finding_once(sample_study: Study) -> None:
    found = findings(sample_study)
    made = grid(found)
    cells = [one for _, row in made.rows for one in row if one is not None]
    assert sorted(map(repr, cells)) == sorted(map(repr, found))
    for _, row in made.rows:
        assert len(row) == len(made.columns)
        for pair, one in zip(made.columns, row, strict=True):
            assert one is None or (one.reference, one.group) == pair
    assert finding().cell == "3.46× [2, 5]"
    assert finding(unit="points", value=-1.5, low=math.nan).cell == "-1.5"
    assert finding(value=math.nan).cell == "undefined"
    assert finding(value=1800.4, low=123.0, high=2e4).cell == "1,800× [123, 20,000]"


def test_a_study_that_was_only_read_has_no_findings(two_conditions: Study, tmp_path: Path) -> None:
    assert findings(Study(tmp_path / "new", create=True)) == []
    assert methods(Study(tmp_path / "new")) == []
    assert exclusions(Study(tmp_path / "new")) == []


def test_methods_and_exclusions_are_named(sample_study: Study) -> None:
    told = dict(methods(sample_study))
    assert "jackknife over problems, log scale, t (problems like these)" in told
    frame = sample_study.estimates()
    left_out = frame[frame["excluded"] > 0]
    told_reasons = {why: n for table, why, n in exclusions(sample_study) if table == "estimates"}
    most: dict[str, int] = {}
    for text in left_out["excluded_why"]:
        for part in text.split("; "):
            why, _, n = part.rpartition(": ")
            most[why] = max(most.get(why, 0), int(n))
    assert told_reasons == most != {}


def test_the_choice_of_traces_is_the_same_again_and_shows_both_sorts(sample_index: Index) -> None:
    first, again, other = (choose(sample_index, 20, seed) for seed in (0, 0, 1))
    assert first == again
    assert [one.row for one in first] != [one.row for one in other]
    reasons = " ".join(one.why for one in first)
    assert "typical rate of words for distilled on sample-" in reasons
    assert "one kind is both right and wrong on this problem" in reasons
    assert "judged " in reasons
    everything = choose(sample_index, 500)
    assert sorted(one.row for one in everything) == list(range(79))


def test_the_typical_trace_is_nearest_to_the_median(sample_index: Index) -> None:
    one = next(x for x in choose(sample_index, 40) if "for distilled on sample-algebra" in x.why)
    traces = sample_index.traces
    rate = sum(n.astype(float) for n in sample_index.hits.values()) / traces["words"].where(
        traces["words"] > 0
    )
    mine = (traces["model_kind"] == "distilled") & (traces["dataset"] == "sample-algebra")
    far = (pd.Series(rate)[mine] - pd.Series(rate)[mine].median()).abs()
    assert far[one.row] == far.min()
