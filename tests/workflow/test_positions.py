"""Places of hits over a study: a hand-counted example, a slow loop, and all real traces."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reasonlens
from reasonlens.core.errors import InputError, StatisticsError, UnknownNameError
from reasonlens.core.study import Study, read_study
from reasonlens.core.tables import TABLES
from reasonlens.lexicon import definition
from reasonlens.lexicon.places import categories_of
from reasonlens.stats.log_rank import log_rank_contributions, stratified_log_rank
from reasonlens.stats.marker_difference import restricted_mean, restricted_mean_difference
from reasonlens.stats.permutation import sign_flip_test
from reasonlens.stats.word_bins import Bins
from reasonlens.workflow.placed import NEVER, merge, placed
from reasonlens.workflow.placed_groups import sides
from reasonlens.workflow.positions import Positions, Question, estimate, positions

LEXICON = definition.from_options(["doubt=wait,hold on", "plan=first"])
CATEGORIES = categories_of([LEXICON])
SMALL = Question(bins=Bins(4, (0, 5)), draws=50)


def traces(*rows: tuple[str, str, str], **more: list[object]) -> pa.Table:
    """A table of traces from (kind, problem, response)."""
    names = ("model_kind", "problem_id", "response")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    n = len(rows)
    columns |= {"dataset": ["toy"] * n, "model": ["m"] * n, "condition": ["baseline"] * n, "health": [[]] * n}
    return pa.table({**columns, **more})


HAND = traces(
    ("base", "p", "one two three four five six seven eight"),  # never; 8 words
    ("base", "q", "one two three wait"),  # at 3 of 4
    ("distilled", "p", "Wait, one two three four five six wait"),  # at 0 and 7 of 8
    ("distilled", "q", "one wait two"),  # at 1 of 3
    ("distilled", "q", "12 + 7"),  # no word
)


def hand() -> Positions:
    return estimate(placed(HAND, [LEXICON], SMALL.bins), CATEGORIES, SMALL)


def curve(found: Positions, group: str, scale: str, column: str) -> list[float]:
    rows = found.curves.query("category == 'doubt' and without == '' and scale == @scale and group == @group")
    return list(rows.sort_values("bin")[column])


def test_hits_and_words_of_every_bin_counted_by_hand() -> None:
    found = estimate(placed(HAND, [LEXICON], SMALL.bins), CATEGORIES, SMALL)
    # few words: the four relative bins are joined into one
    assert curve(found, "distilled", "relative", "hits") == [3]
    assert curve(found, "distilled", "absolute", "hits") == [2, 1]
    assert curve(found, "distilled", "absolute", "words") == [8, 3]  # 5 + 3, then 3
    assert curve(found, "distilled", "absolute", "n_traces") == [2, 1]
    assert curve(found, "distilled", "absolute", "value") == [250.0, pytest.approx(1000 / 3)]
    assert curve(found, "base", "absolute", "hits") == [1, 0]
    assert curve(found, "base", "absolute", "words") == [9, 3]
    rows = found.curves.query("group == 'distilled'")
    assert set(rows["excluded_why"]) == {"no words: 1"}


def test_fine_relative_bins_are_kept_where_words_are_many() -> None:
    long = traces(*(("base", f"p{i}", "wait " + "word " * 1999) for i in range(2)))
    found = estimate(placed(long, [LEXICON], SMALL.bins), CATEGORIES, SMALL)
    assert curve(found, "base", "relative", "hits") == [2, 0, 0, 0]
    assert curve(found, "base", "relative", "words") == [1000] * 4
    assert curve(found, "base", "relative", "start") == [0, 0.25, 0.5, 0.75]


def test_the_curve_of_first_markers_is_kaplan_meier_by_hand() -> None:
    rows = hand().first_marker.query("category == 'doubt' and without == ''")
    base = rows[rows["group"] == "base"].set_index("words")
    assert base["survival"][[0, 2, 3, 8]].tolist() == [1.0, 1.0, 0.5, 0.5]  # q has it at 3, p ends at 8
    assert base["at_risk"][[0, 3, 4, 8]].tolist() == [2, 2, 1, 1]
    assert base["n_events"][[2, 3, 8]].tolist() == [0, 1, 1]
    distilled = rows[rows["group"] == "distilled"].set_index("words")
    assert distilled["survival"].tolist() == [0.5, 0.0]
    plan = hand().first_marker.query("category == 'plan' and group == 'base'")
    assert set(plan["survival"]) == {1.0}


def test_estimates_by_hand() -> None:
    rows = hand().estimates.set_index(["measure", "group", "contrast"])["value"]
    doubt = "custom/doubt/first"
    assert rows[f"{doubt}/share", "base", ""] == 0.5
    assert rows[f"{doubt}/median", "base", ""] == 3.0
    assert rows[f"{doubt}/median", "distilled", ""] == 0.0
    assert np.isnan(rows["custom/plan/first/median", "base", ""])
    # up to word 3, which the shorter side's longest tenth reaches: (0 + 1) / 2 - (3 + 3) / 2
    assert rows[f"{doubt}/restricted-mean", "distilled", "distilled - base"] == -2.5
    # p: (O - E, V) = (1 - 1/2, 1/4); q: the same
    assert rows[f"{doubt}/log-rank", "distilled", "distilled - base"] == 2.0


def test_the_tables_have_their_columns_and_names() -> None:
    found = hand()
    for name, frame in (
        ("positions", found.curves),
        ("first_marker", found.first_marker),
        ("estimates", found.estimates),
    ):
        assert list(frame.columns) == TABLES[name].schema.names
        assert not frame.duplicated(list(TABLES[name].key)).any()
        assert (frame["method"] != "").all()
        assert (frame["estimand"] != "").all()


def test_holm_is_over_the_categories_of_a_contrast() -> None:
    found = estimate(placed(random_traces(3), [LEXICON], SMALL.bins), CATEGORIES, SMALL).estimates
    one = found[found["measure"].str.contains("/first/log-rank$") & (found["contrast"] == "distilled - base")]
    p = one["p_value"].to_numpy()
    assert len(p) == 2
    small, large = np.argsort(p)
    expected = np.empty(2)
    expected[small], expected[large] = min(1, 2 * p[small]), max(p[large], min(1, 2 * p[small]))
    np.testing.assert_allclose(one["p_adjusted"], expected)
    assert one["family"].unique().tolist() == ["custom, log-rank, distilled - base, toy: 2 tests (Holm)"]


def random_traces(seed: int, n: int = 60) -> pa.Table:
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        kind = rng.choice(["base", "distilled"])
        words = rng.choices(
            ["wait", "first", "x", "12", "hold on"],
            [3 if kind == "distilled" else 1, 1, 9, 1, 1],
            k=rng.randrange(30),
        )
        rows.append((kind, f"p{rng.randrange(6)}", " ".join(words)))
    flags = [rng.choice([[], [], ["looping"], ["empty"]]) for _ in rows]
    return traces(*rows, health=pa.array(flags, pa.list_(pa.string())))


def slow(
    table: pa.Table, kind: str
) -> tuple[dict[tuple[int, int], int], dict[int, int], list[tuple[int, int]]]:
    """Hits per (category, absolute bin), words per absolute bin, and (time, event) of doubt, by loops."""
    hits: dict[tuple[int, int], int] = defaultdict(int)
    sizes: dict[int, int] = defaultdict(int)
    waits = []
    for row in table.to_pylist():
        if row["model_kind"] != kind or "empty" in row["health"]:
            continue
        before, first = 0, None
        tokens = row["response"].split()
        for i, token in enumerate(tokens):
            if token == "12":
                continue
            phrase = token == "hold" and tokens[i + 1 : i + 2] == ["on"]
            category = 0 if token == "wait" or phrase else 1 if token == "first" else None
            if category is not None:
                hits[category, before // 5 if before < 5 else 1] += 1
            if category == 0 and first is None:
                first = before
            sizes[0 if before < 5 else 1] += 1
            before += 1
        if before:
            waits.append((before, 0) if first is None else (first, 1))
    return hits, sizes, waits


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_it_agrees_with_a_slow_loop(seed: int) -> None:
    table = random_traces(seed)
    parts = [placed(table.slice(i, 20), [LEXICON], SMALL.bins) for i in (0, 20, 40)]
    found = {side.group: side for side in sides(merge(parts, SMALL.bins), SMALL)}
    for kind in ("base", "distilled"):
        hits, sizes, waits = slow(table, kind)
        side = found[kind]
        for category in (0, 1):
            for number in (0, 1):
                assert side.hits[:, category, 4 + number].sum() == hits[category, number]
        assert [int(SMALL.bins.words(side.n_words, 4 + n).sum()) for n in (0, 1)] == [sizes[0], sizes[1]]
        time, event = side.waiting(0)
        assert sorted(zip(time.tolist(), event.tolist(), strict=True)) == sorted(waits)


def test_the_order_of_the_traces_and_their_parts_are_nothing() -> None:
    table = random_traces(1)
    mixed = table.take(pa.array(random.Random(2).sample(range(60), 60)))
    parts = [placed(mixed.slice(i, 7), [LEXICON], SMALL.bins) for i in range(0, 60, 7)]
    one = estimate(placed(table, [LEXICON], SMALL.bins), CATEGORIES, SMALL)
    other = estimate(merge(parts, SMALL.bins), CATEGORIES, SMALL)
    for name in ("curves", "first_marker", "estimates"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def test_contrasts_are_the_tests_on_shared_problems() -> None:
    table = random_traces(4, 400)
    place = placed(table, [LEXICON], SMALL.bins)
    rows = estimate(place, CATEGORIES, SMALL).estimates.set_index(["measure", "contrast"])
    one, other = (s for name in ("distilled", "base") for s in sides(place, SMALL) if s.group == name)
    time, event = (np.concatenate(x) for x in zip(one.waiting(0), other.waiting(0), strict=True))
    side = np.repeat([1, 0], [len(one.problem), len(other.problem)])
    problem = np.concatenate([one.problem, other.problem])
    key = "distilled - base"
    assert (
        rows.loc[("custom/doubt/first/log-rank", key), "p_value"]
        == stratified_log_rank(time, event, side, problem).p_value
    )
    excess = rows.loc[("custom/doubt/first/log-rank-excess", key)]
    assert (
        excess["p_value"]
        == sign_flip_test(log_rank_contributions(time, event, side, problem), seed=0).p_value
    )
    assert excess["estimand"] == "problems like the shared ones"
    gap = rows.loc[("custom/doubt/first/restricted-mean", key)]
    until = float(gap["unit"].removeprefix("words, at most "))
    assert gap["value"] == restricted_mean_difference(time, event, side, problem, until).value


def test_flagged_traces_get_rows_without_them() -> None:
    found = estimate(placed(random_traces(5), [LEXICON], SMALL.bins), CATEGORIES, SMALL)
    assert set(found.curves["without"]) == {"", "looping"}  # none is truncated
    n = found.estimates.groupby("measure")["n_traces"].max()
    assert n["custom/doubt/first/share/without-looping"] < n["custom/doubt/first/share"]
    main = found.first_marker[found.first_marker["without"] == ""]
    assert (main["n_looping"] > 0).all()
    assert main["excluded_why"].str.contains("empty: ").all()


def test_conditions_are_chosen_and_compared() -> None:
    table = traces(
        *(("base", f"p{i % 2}", "wait a") for i in range(4)), condition=["plain", "plain", "ban", "ban"]
    )
    place = placed(table, [LEXICON], SMALL.bins)
    only = estimate(place, CATEGORIES, Question(condition="ban", bins=SMALL.bins, draws=20))
    assert set(only.estimates["n_traces"]) == {2}
    assert set(only.estimates["excluded_why"]) == {"condition is not ban: 2"}
    both = estimate(place, CATEGORIES, Question(by="condition", reference="plain", bins=SMALL.bins, draws=20))
    assert set(both.estimates["contrast"]) == {"", "ban - plain"}


def test_mistakes_are_named() -> None:
    place = placed(HAND, [LEXICON], SMALL.bins)
    with pytest.raises(UnknownNameError, match="no group is named 'tutor'"):
        estimate(place, CATEGORIES, Question(reference="tutor", bins=SMALL.bins))
    with pytest.raises(UnknownNameError, match="no grouping is named 'size'"):
        Question(by="size")
    with pytest.raises(UnknownNameError, match=r"no health flag is named 'loop'\. Did you mean 'looping'"):
        Question(exclude=("loop",))
    with pytest.raises(StatisticsError, match="every trace is excluded"):
        estimate(place, CATEGORIES, Question(condition="ban", bins=SMALL.bins))


def test_never_is_told_from_the_first_word() -> None:
    assert placed(HAND, [LEXICON], SMALL.bins).first[:, 0].tolist() == [NEVER, 3, 0, 1, NEVER]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    path = tmp_path / "out.jsonl"
    rows = [
        {
            "model": kind,
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"Box {i}?",
            "response": f"{text} {i}",
        }
        for i in range(6)
        for kind, text in (("base", "The sum is ten."), ("distilled", "Wait, is it nine? Wait."))
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    reasonlens.ingest(path, tmp_path / "s")
    return read_study(tmp_path / "s")


def test_a_study_keeps_the_tables_with_their_making(study: Study) -> None:
    ticks: list[str] = []
    found = positions(study, [LEXICON], Question(draws=20), tick=ticks.append)
    assert ticks == study.parts("traces")
    kept = study.read("positions").to_pandas()
    pd.testing.assert_frame_equal(kept, found.curves, check_dtype=False)
    assert study.rows("first_marker", "positions") == len(found.first_marker)
    made = study.manifest_of("estimates", "positions")
    assert made["lexicons"]["custom"]["digest"] == LEXICON.digest
    assert made["question"]["draws"] == 20
    assert made["bins"]["relative"] == 20


def test_a_study_without_words_is_refused(study: Study, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no trace of .* has a word in its 'gold'"):
        positions(study, [LEXICON], text="gold")
    with pytest.raises(InputError, match="has no traces"):
        positions(Study(tmp_path / "new", create=True), [LEXICON])


@pytest.fixture(scope="module")
def real(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Positions:
    study = tmp_path_factory.mktemp("real") / "study"
    names = ("skythought_*", "rho_*", "mip_math_*")  # those with MATH500
    files = [path for name in names for path in sorted((shared_data / "traces").glob(f"{name}.jsonl.gz"))]
    reasonlens.tokens(files, study=study)
    found = positions(Study(study), [definition.load("flexible_reasoning")], Question(draws=200))
    counts = Study(study).read("counts").to_pandas()
    total = counts.astype({"category": "str"}).groupby("category")["n"].sum()
    main = found.curves.query("without == '' and dataset == '(all)'")
    for scale in ("relative", "absolute"):  # every hit is in one bin; one empty trace is left out
        assert main[main["scale"] == scale].groupby("category")["hits"].sum().to_dict() == total.to_dict()
    return found


def test_distilled_models_hesitate_much_sooner_than_base_models(real: Positions) -> None:
    rows = real.estimates.query("dataset == 'math500'").set_index(["measure", "group", "contrast"])
    first = "flexible_reasoning/anthropomorphic/first"
    distilled, base = (rows.loc[(f"{first}/median", kind, "")] for kind in ("distilled", "base"))
    assert (distilled["value"], distilled["n_problems"]) == (28, 500)
    assert 20 < distilled["low"] <= 28 <= distilled["high"] < 40
    assert np.isnan(base["value"])  # half of them never would: 3.5% ever do
    assert rows.loc[(f"{first}/share", "distilled", ""), "value"] == pytest.approx(0.985, abs=5e-4)
    assert rows.loc[(f"{first}/share", "base", ""), "value"] == pytest.approx(0.035, abs=5e-4)
    gap = rows.loc[(f"{first}/restricted-mean", "distilled", "distilled - base")]
    assert gap["unit"].startswith("words, at most 3")
    assert gap["value"] == pytest.approx(-253.5, abs=0.1)
    assert gap["low"] > -265
    assert gap["high"] < -240
    assert rows.loc[(f"{first}/log-rank", "distilled", "distilled - base"), "p_adjusted"] < 1e-100


def test_teachers_stop_hesitating_before_the_end(real: Positions) -> None:
    rows = real.curves.query(
        "category == 'anthropomorphic' and dataset == '(all)' and without == '' and scale == 'relative'"
    ).set_index(["group", "bin"])
    assert rows.loc[("teacher", 19), "high"] < rows.loc[("teacher", 10), "low"] / 1.5
    assert rows.loc[("distilled", 19), "value"] > 0.5 * rows.loc[("distilled", 10), "value"]
    assert rows.loc["base", "value"].max() < 1


def test_the_worked_example_of_the_manual() -> None:
    said = ("Wait, one two three four five six wait", "one wait two", "one two three four")
    table = traces(*(("base", f"p{i}", text) for i, text in enumerate(said)))
    place = placed(table, [LEXICON], Bins(4, (0, 5)))
    found = estimate(place, CATEGORIES, SMALL)
    rows = found.first_marker.query("category == 'doubt'").set_index("words")
    np.testing.assert_allclose(rows["survival"][[0, 1, 4]], [2 / 3, 1 / 3, 1 / 3])
    (side,) = sides(place, SMALL)
    time, event = side.waiting(0)
    assert restricted_mean(time, event, side.problem, 3.0).value == pytest.approx(4 / 3)
    assert curve(found, "base", "absolute", "words") == [12, 3]
    np.testing.assert_allclose(curve(found, "base", "absolute", "value"), [1000 * 2 / 12, 1000 / 3])
