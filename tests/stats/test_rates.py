from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from reasonlens.core.errors import StatisticsError, UnknownNameError
from reasonlens.core.tables import POOLED, table
from reasonlens.stats.arrays import ratio_of_sums, share_of_sums
from reasonlens.stats.comparisons import contrasts
from reasonlens.stats.contrast import contrast_of_sums
from reasonlens.stats.multiplicity import holm
from reasonlens.stats.rates import entry_rates, measure_name, rates
from reasonlens.stats.sums import sums_of_counted


@pytest.fixture(scope="module")
def sums(counted, index):
    return sums_of_counted(counted, index)


def row_of(frame, **where):
    for name, value in where.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def per_problem(rows, kind, dataset, entries, size="n_words", skip=("empty",)):
    """Hits, presence, sizes and traces per problem, by plain loops."""
    hits, present, sizes, traces = {}, {}, {}, {}
    for r in rows:
        if r["model_kind"] != kind or r["dataset"] != dataset or r["condition"] != "baseline":
            continue
        if set(skip) & set(r["health"]):
            continue
        p = r["problem_id"]
        n = sum(c for i, c in zip(r["entry"], r["n"], strict=True) if i in entries)
        hits[p] = hits.get(p, 0) + n
        present[p] = present.get(p, 0) + (n > 0)
        sizes[p] = sizes.get(p, 0) + (r[size] or 0)
        traces[p] = traces.get(p, 0) + 1
    order = sorted(hits)
    return [[d[p] for p in order] for d in (hits, present, sizes, traces)]


@pytest.mark.parametrize("kind", ["base", "distilled", "teacher"])
def test_a_rate_equals_the_function_on_sums_by_hand(rows, sums, kind):
    hits, _, words, traces = per_problem(rows, kind, "aime", {0, 1})
    wanted = ratio_of_sums(hits, words)
    got = row_of(rates(sums), measure="demo/doubt/words", group=kind, dataset="aime")
    assert (got["value"], got["low"], got["high"]) == pytest.approx(
        (wanted.value, wanted.low, wanted.high), rel=1e-12
    )
    assert (got["n_problems"], got["n_traces"]) == (len(hits), sum(traces))
    assert (got["unit"], got["estimand"]) == ("per 1,000 words", "problems like these")


def test_presence_and_responses(rows, sums):
    hits, present, _, traces = per_problem(rows, "distilled", "math", {2})
    share = row_of(
        rates(sums, per="presence"), measure="demo/formal/presence", group="distilled", dataset="math"
    )
    assert share["high"] == pytest.approx(share_of_sums(present, traces).high)
    each = row_of(
        rates(sums, per="response"), measure="demo/formal/response", group="distilled", dataset="math"
    )
    assert each["value"] == pytest.approx(sum(hits) / sum(traces))


def test_exclusions_are_counted_with_their_reason(rows, sums):
    got = row_of(rates(sums), measure="demo/doubt/words", group="base", dataset=POOLED)
    mine = [r for r in rows if r["model_kind"] == "base"]
    banned = sum(r["condition"] == "ban" for r in mine)
    empty = sum("empty" in r["health"] for r in mine if r["condition"] == "baseline")
    assert empty
    assert got["excluded"] == banned + empty
    assert got["excluded_why"] == f"condition is not baseline: {banned}; empty: {empty}"
    assert got["n_traces"] == len(mine) - banned - empty


def test_looping_traces_are_counted_and_left_out_in_a_second_row(rows, sums):
    found = rates(sums)
    loops = sum("looping" in r["health"] for r in rows if r["dataset"] == "aime")
    assert loops
    main = row_of(found, measure="demo/doubt/words", group="distilled", dataset="aime")
    other = row_of(found, measure="demo/doubt/words/without-looping", group="distilled", dataset="aime")
    assert main["n_looping"] == other["n_looping"] == loops
    hits, _, words, _ = per_problem(rows, "distilled", "aime", {0, 1}, skip=("empty", "looping"))
    assert other["value"] == pytest.approx(1000 * sum(hits) / sum(words))
    assert "looping: " in other["excluded_why"]
    assert not found["measure"].str.contains("without")[found["group"] == "base"].any()


def test_unknown_model_tokens_are_left_out_and_counted(rows, sums):
    found = rates(sums, per="model-tokens")
    known = row_of(found, measure="demo/doubt/model-tokens", group="distilled", dataset="aime")
    hits, _, tokens, _ = per_problem(rows, "distilled", "aime", {0, 1}, size="n_model_tokens")
    assert known["value"] == pytest.approx(1000 * sum(hits) / sum(tokens))
    lost = row_of(found, measure="demo/doubt/model-tokens", group="distilled", dataset="math")
    assert np.isnan([lost["value"], lost["low"], lost["high"]]).all()
    assert lost["n_traces"] == 0
    assert "number of model tokens unknown: " in lost["excluded_why"]


def test_a_category_without_hits_has_a_row(sums):
    got = row_of(rates(sums), measure="other/doubt/words", group="teacher", dataset="aime")
    assert got["value"] == 0
    assert got["high"] > 0


def test_pooling_keeps_problems_of_data_sets_apart(sums):
    got = row_of(rates(sums), measure="demo/doubt/words", group="distilled", dataset=POOLED)
    assert got["n_problems"] == 24
    assert POOLED not in set(rates(sums, pooled=False)["dataset"])


def test_groups_can_be_models_or_both(sums):
    assert {"base-0", "base-1"} <= set(rates(sums, by=["model"])["group"])
    both = rates(sums, by=["model_kind", "model"])["group"]
    assert "distilled | distilled-1" in set(both)


def test_groups_come_in_the_order_of_kinds(sums):
    found = rates(sums, pooled=False)
    names = found[(found["measure"] == "demo/doubt/words") & (found["dataset"] == "aime")]["group"]
    assert names.tolist() == ["base", "distilled", "teacher"]


@pytest.mark.parametrize("make", [rates, contrasts])
def test_the_rows_fit_the_table_and_its_key_is_unique(sums, make):
    schema = table("estimates")
    found = make(sums)
    stored = schema.conform(pa.Table.from_pandas(found, preserve_index=False))
    assert stored.num_rows == len(found)
    assert not found.duplicated(list(schema.key)).any()
    assert stored.column("seed").null_count == len(found)


def test_a_contrast_uses_the_shared_problems(rows, sums):
    a = per_problem(rows, "teacher", "aime", {0, 1})
    problems = {r["problem_id"] for r in rows if r["model_kind"] == "teacher"}
    shared = [r for r in rows if r["problem_id"] in problems]
    b = per_problem(shared, "base", "aime", {0, 1})
    assert len(a[0]) == len(b[0]) == 6
    wanted = contrast_of_sums(a[0], a[2], b[0], b[2])
    found = contrasts(sums)
    ratio = row_of(found, measure="demo/doubt/words", contrast="teacher / base", dataset="aime")
    gap = row_of(found, measure="demo/doubt/words", contrast="teacher - base", dataset="aime")
    assert (ratio["low"], gap["high"]) == pytest.approx((wanted.ratio.low, wanted.difference.high))
    assert ratio["p_value"] == pytest.approx(wanted.ratio.p_value)
    assert gap["p_value"] == pytest.approx(wanted.difference.p_value)
    assert (ratio["unit"], gap["unit"]) == ("ratio", "per 1,000 words")
    assert ratio["estimand"] == "problems like the shared ones"
    assert ratio["n_problems"] == 6


def test_all_problems_on_request(sums):
    found = contrasts(sums, all_problems=True)
    got = row_of(found, measure="demo/doubt/words", contrast="teacher / base", dataset="aime")
    assert got["n_problems"] == 12
    assert got["estimand"] == "problems like these"


def test_holm_runs_over_the_contrasts_of_a_lexicon(sums):
    found = contrasts(sums)
    one = found[
        found["contrast"].str.contains(" / ")
        & found["measure"].isin(["demo/doubt/words", "demo/formal/words"])
        & (found["dataset"] != POOLED)
    ]
    assert one["p_adjusted"].to_numpy() == pytest.approx(holm(one["p_value"]))
    assert set(one["family"]) == {f"demo, ratios, by data set: {len(one)} tests (Holm)"}
    extra = found[found["measure"].str.contains("without")]
    assert len(extra)
    assert extra["p_adjusted"].isna().all()


def test_the_reference_can_be_chosen(sums):
    assert set(contrasts(sums)["contrast"].str.split(" [/-] ", regex=True).str[1]) == {"base"}
    chosen = contrasts(sums, reference="teacher")
    assert "distilled / teacher" in set(chosen["contrast"])
    with pytest.raises(UnknownNameError, match=r"no group is named 'techer'\. Did you mean 'teacher'"):
        contrasts(sums, reference="techer")


def test_without_base_the_first_kind_is_the_reference(counted, index):
    some = counted.filter(pa.compute.not_equal(counted["model_kind"], "base"))
    found = contrasts(sums_of_counted(some, index))
    assert set(found["contrast"]) == {"teacher / distilled", "teacher - distilled"}


def test_names_that_do_not_exist_are_refused(sums):
    with pytest.raises(UnknownNameError, match="no unit is named 'word'"):
        rates(sums, per="word")
    with pytest.raises(UnknownNameError, match="no health flag is named 'loop'"):
        rates(sums, exclude=["loop"])
    with pytest.raises(UnknownNameError, match="no grouping is named 'kind'"):
        rates(sums, by=["kind"])


def test_nothing_left_to_compare_is_an_error(counted, index):
    with pytest.raises(StatisticsError, match="there are no traces to compare"):
        contrasts(sums_of_counted(counted.slice(0, 0), index))


def test_leading_entries(rows, sums):
    found = entry_rates(sums)
    wait = row_of(found, entry="wait")
    mine = [
        r
        for r in rows
        if r["model_kind"] == "teacher" and r["condition"] == "baseline" and "empty" not in r["health"]
    ]
    hits = sum(c for r in mine for i, c in zip(r["entry"], r["n"], strict=True) if i == 0)
    assert wait["teacher hits"] == hits
    assert wait["teacher present"] == sum(0 in r["entry"] for r in mine)
    assert wait["teacher rate"] == pytest.approx(1000 * hits / sum(r["n_words"] for r in mine))
    assert found[found["category"] == "doubt"]["hits"].is_monotonic_decreasing
    aime = row_of(entry_rates(sums, dataset="aime"), entry="wait")
    assert 0 < aime["hits"] < wait["hits"]


def test_names_of_measures():
    assert measure_name("a", "b", "words") == "a/b/words"
