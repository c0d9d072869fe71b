"""Judging a study: what is asked, what is kept, and rates that are those counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.judges import Codebook, Label, Quote, Spans, load_codebook, units_of
from reasonlens.lexicon import definition
from reasonlens.workflow import behaviors_store as store
from reasonlens.workflow.behaviors import Wanted, chosen, judge_study
from reasonlens.workflow.behaviors_corrected import CORRECTED
from reasonlens.workflow.behaviors_measures import per_trace
from reasonlens.workflow.behaviors_quotes import some_quotes
from reasonlens.workflow.behaviors_rates import Asked, rates, verdicts
from reasonlens.workflow.compare import Question, compare
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan

CHECK, BACK, STEP = (load_codebook(n) for n in ("verification", "backtracking", "self_checking"))


@dataclass
class Words:
    """A judge that takes the word "check" for verification and "back" for backtracking."""

    name: str = "words@1"
    key: str = "k"
    asked: list[tuple[int, tuple[str, ...], int]] = field(default_factory=list)
    broken: str = ""
    fails_on: str = "\0"
    unable: str = ""

    def refuses(self, behavior: Codebook) -> str:
        return f"words cannot judge {behavior.name}" if behavior.name == self.unable else ""

    def judge(
        self,
        texts: Sequence[str],
        behaviors: Sequence[Codebook],
        *,
        sentences: Sequence[Spans] | None = None,
        repeat: int = 0,
        done: Callable[[int], None] = lambda _: None,
    ) -> Iterator[list[Label]]:
        self.asked.append((len(texts), tuple(b.name for b in behaviors), repeat))
        for text in texts:
            if self.broken and self.broken in text:
                raise KeyboardInterrupt
            yield [
                self._label(text, b, start, end, repeat)
                for b in behaviors
                for start, end in units_of(text, b)
            ]
            done(1)

    def _label(self, text: str, behavior: Codebook, start: int, end: int, repeat: int) -> Label:
        if self.fails_on in text and behavior == CHECK:
            return Label(behavior.name, "failed", problem="server hung up", start=start, end=end)
        word = "back" if behavior == BACK else "check"
        places = [i for i in range(start, end) if text.startswith(word, i)]
        quotes = tuple(Quote(i, i + len(word), word) for i in places)
        lies = repeat and "flip" in text
        verdict = "present" if bool(places) != bool(lies) else "absent"
        count = len(places) if verdict == "present" else 0
        return Label(behavior.name, verdict, count, quotes, cost=0.0, start=start, end=end)


def rows(problems: int = 6, samples: int = 1) -> list[dict[str, object]]:
    """Base checks every third problem once; distilled checks all, twice, and turns back on even ones."""
    return [
        {
            "model": f"lab/{kind}",
            "model_kind": kind,
            "benchmark": "toy",
            "problem": f"box {p}?",
            "response": text,
            "sample": s,
        }
        for p in range(problems)
        for s in range(samples)
        for kind, text in {
            "base": f"So it is ten now{', I check it' if p % 3 == 0 else ', as we see'} {'so ' * s}.",
            "distilled": f"We check a. We check b.{' Go back.' if p % 2 == 0 else ''} {'so ' * s}Done.",
        }.items()
    ]


Make = Callable[..., tuple[Study, Plan]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(data: list[dict[str, object]] | None = None, name: str = "rows") -> tuple[Study, Plan]:
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(map(json.dumps, data or rows())))
        plan = Plan(tmp_path / "study", lexicons=(definition.from_options(["doubt=wait"]),))
        ingest([path], plan, Settings(), jobs=1)
        return Study(plan.study), plan

    return made


WANTED = Wanted((CHECK, BACK))
ASKED = Asked("words@1", ("verification", "backtracking"))


def one(frame: pd.DataFrame, **wanted: object) -> pd.Series:
    use = np.ones(len(frame), dtype=bool)
    for name, value in wanted.items():
        use &= (frame[name] == value).to_numpy()
    (row,) = [row for _, row in frame[use].iterrows()]
    return row


def test_shares_and_counts_are_those_counted_by_hand(make: Make) -> None:
    study, plan = make()
    account = judge_study(study, Words(), WANTED)
    assert (account.traces, account.chosen, account.done, account.kept) == (12, 12, 24, 0)
    found = rates(study, plan, ASKED)
    base = {"by": "model_kind", "group": "base", "reference": ""}
    assert one(found.rows, measure="words@1/verification/presence", **base)["value"] == pytest.approx(2 / 6)
    assert one(found.rows, measure="words@1/verification/response", **base)["value"] == pytest.approx(2 / 6)
    # base: 2 checks in 6 responses of 8 words
    words = one(found.rows, measure="words@1/verification/words", **base)
    assert words["value"] == pytest.approx(1000 * 2 / 48)
    distilled = {**base, "group": "distilled"}
    assert one(found.rows, measure="words@1/backtracking/presence", **distilled)["value"] == 0.5
    assert one(found.rows, measure="words@1/verification/response", **distilled)["value"] == 2.0
    against = {"by": "model_kind", "group": "distilled", "reference": "base", "quantity": "difference"}
    contrast = one(found.rows, measure="words@1/verification/presence", **against)
    assert contrast["value"] == pytest.approx(4 / 6)
    assert contrast["n_problems"] == 6
    assert contrast["p_adjusted"] >= contrast["p_value"]
    assert found.reference == "base"
    assert study.rows("comparisons", "behaviors-words@1") == len(found.rows)


def test_a_second_run_asks_only_what_is_new(make: Make) -> None:
    study, _ = make()
    judge = Words()
    judge_study(study, judge, Wanted((CHECK,)))
    assert judge.asked == [(12, ("verification",), 0)]
    judge_study(study, judge, WANTED)
    assert judge.asked[1:] == [(12, ("backtracking",), 0)]
    assert judge_study(study, judge, WANTED).kept == 24
    assert len(judge.asked) == 2
    make(rows(7)[-2:], "more")
    account = judge_study(study, judge, WANTED)
    assert judge.asked[2:] == [(2, ("verification", "backtracking"), 0)]
    assert (account.done, account.kept) == (4, 24)
    assert study.read("labels").num_rows == 28


def test_another_codebook_or_another_judge_asks_anew(make: Make) -> None:
    study, _ = make()
    judge_study(study, Words(), Wanted((CHECK,)))
    changed = replace(CHECK, version="2")
    judge = Words()
    judge_study(study, judge, Wanted((changed,)))
    assert judge.asked == [(12, ("verification",), 0)]
    table = study.read("labels").to_pandas()
    assert set(table["digest"]) == {changed.digest}  # not two answers to one question
    judge_study(study, Words(key="other"), Wanted((changed,)))
    judge_study(study, Words("words@2"), Wanted((changed,)))
    assert study.read("labels").to_pandas()["judge"].value_counts().to_dict() == {
        "words@1": 12,
        "words@2": 12,
    }


def test_failures_are_counted_beside_rates_and_asked_again_on_request(make: Make) -> None:
    study, plan = make()
    judge_study(study, Words(fails_on="I check"), WANTED)
    found = rates(study, plan, ASKED)
    base = one(
        found.rows, measure="words@1/verification/presence", by="model_kind", group="base", reference=""
    )
    assert base["value"] == 0.0  # the two that check are the two that failed: not "absent", left out
    assert (base["n_traces"], base["excluded"]) == (4, 2)
    assert base["excluded_why"] == "not judged, or no answer: 2"
    counted = one(found.verdicts, behavior="verification", model_kind="base")
    assert (counted["absent"], counted["failed"], counted["present"]) == (4, 2, 0)
    judge = Words()
    judge_study(study, judge, WANTED)
    assert judge.asked == []
    account = judge_study(study, judge, replace(WANTED, retry=("failed",)))
    assert judge.asked == [(2, ("verification",), 0)]
    assert (account.done, account.kept) == (2, 22)
    again = one(verdicts(study, "response", "words@1", ["verification"]), model_kind="base")
    assert (again["present"], again["failed"]) == (2, 0)


def test_a_run_that_is_stopped_keeps_its_finished_parts(make: Make) -> None:
    study, _ = make()
    make([dict(r, problem=f"late {i}?") for i, r in enumerate(rows(3))] + [stop_row()], "zz")
    judge = Words(broken="STOP")
    with pytest.raises(KeyboardInterrupt):
        judge_study(study, judge, Wanted((CHECK,)))
    done = study.read("labels").num_rows if "labels" in study.tables() else 0
    assert done in (0, 12)  # a part is there in full or not at all
    second = Words()
    judge_study(study, second, Wanted((CHECK,)))
    assert sum(n for n, _, _ in second.asked) == 19 - done
    assert study.read("labels").num_rows == 19


def stop_row() -> dict[str, object]:
    return {
        "model": "lab/base",
        "model_kind": "base",
        "problem": "last?",
        "response": "STOP here",
        "sample": 0,
    }


def test_sentences_are_units_of_their_own(make: Make) -> None:
    study, plan = make()
    judge_study(study, Words(), Wanted((STEP,)))
    table = study.read("labels").to_pandas()
    assert set(table["unit"]) == {"sentence"}
    assert len(table[table["trace_id"] == table["trace_id"].iloc[0]]) >= 1
    found = rates(study, plan, Asked("words@1", ("self_checking",)))
    share = one(
        found.rows,
        measure="words@1/self_checking/sentences",
        by="model_kind",
        group="distilled",
        reference="",
    )
    # two sentences check, of four on three problems and of three on the others
    assert share["value"] == pytest.approx((2 / 4 + 2 / 3) / 2)


def test_a_sample_is_the_same_problems_for_all_models_and_stays(make: Make) -> None:
    study, _ = make(rows(20, samples=2))
    ids, account = chosen(study, replace(WANTED, sample=5))
    frame = study.traces(["trace_id", "model", "problem_id"])
    drawn = frame[frame["trace_id"].isin(ids)]
    assert drawn["model"].value_counts().to_dict() == {"lab/base": 5, "lab/distilled": 5}
    assert drawn.groupby("model")["problem_id"].agg(frozenset).nunique() == 1
    assert drawn.groupby("model")["problem_id"].nunique().tolist() == [5, 5]  # not two of one problem
    assert account.left_out == {"not in the sample": 70}
    more, _ = chosen(study, replace(WANTED, sample=8))
    assert ids < more  # a larger sample keeps what was paid for
    other, _ = chosen(study, replace(WANTED, sample=5, seed=1))
    assert other != ids


def test_repeats_are_rows_of_their_own_and_flips_are_counted(make: Make) -> None:
    data = rows()
    data[0]["response"] = "So flip it and check."
    study, plan = make(data)
    judge = Words()
    judge_study(study, judge, Wanted((CHECK,), repeats=3))
    assert [repeat for _, _, repeat in judge.asked] == [0, 1, 2]
    assert study.read("labels").num_rows == 36
    counted = verdicts(study, "response", "words@1", ["verification"])
    base = one(counted, model_kind="base")
    assert (base["repeated"], base["flips"], base["units"]) == (6, 1, 6)
    found = rates(study, plan, Asked("words@1", ("verification",)))
    level = one(
        found.rows, measure="words@1/verification/presence", by="model_kind", group="base", reference=""
    )
    assert level["n_traces"] == 6


def test_flagged_traces_are_left_out_and_said(make: Make) -> None:
    data = [*rows(), {**rows(1)[0], "problem": "void?", "response": ""}]
    study, plan = make(data)
    _, account = chosen(study, WANTED)
    assert account.left_out == {"empty": 1}
    judge = Words()
    judge_study(study, judge, replace(WANTED, exclude=()))
    assert judge.asked == [(12, ("verification", "backtracking"), 0)]  # nothing is asked of an empty text
    table = study.read("labels").to_pandas()
    assert set(table[table["problem"] == "the response is empty"]["verdict"]) == {"unclear"}
    found = rates(study, plan, replace(ASKED, exclude=("empty",)))
    base = one(
        found.rows, measure="words@1/verification/presence", by="model_kind", group="base", reference=""
    )
    assert (base["n_traces"], base["excluded_why"]) == (6, "empty: 1")


def test_compare_takes_a_behavior_as_a_measure(make: Make) -> None:
    study, plan = make()
    judge_study(study, Words(), WANTED)
    found = compare(study, plan, Question(measures=("verification", "words@1/backtracking/words")))
    assert set(found.rows["measure"]) == {"words@1/verification/presence", "words@1/backtracking/words"}
    level = one(found.levels, measure="words@1/verification/presence", group="base", without="")
    assert level["value"] == pytest.approx(2 / 6)
    every = compare(study, plan, Question(measures=("behaviors",)))
    assert set(every.rows["measure"]) == {"words@1/verification/presence", "words@1/backtracking/presence"}
    with pytest.raises(UnknownNameError, match="verification"):
        compare(study, plan, Question(measures=("verifcation",)))


def test_labels_of_people_correct_the_share(make: Make) -> None:
    study, plan = make(rows(40))
    judge_study(study, Words(), WANTED)
    frame = study.traces(["trace_id", "model_kind", "response"])
    base = frame[frame["model_kind"] == "base"].iloc[:20]
    # people see a check in all that the judge calls checks, and in every second of the others too
    labels = [
        [Label("verification", "present" if "check" in text or i % 2 else "absent", 1, cost=0.0)]
        for i, text in enumerate(base["response"])
    ]
    ann = Words(name="human:ann")
    table = store.rows_of(
        base["trace_id"].tolist(),
        labels,
        base["response"].tolist(),
        CHECK,
        text="response",
        judge=ann.name,
        repeat=0,
    )
    store.save(study, study.parts("traces")[0], CHECK, ann, [table], text="response", details={})
    found = rates(study, plan, ASKED)
    row = one(found.rows, measure="words@1/verification/presence", by="model_kind", quantity=CORRECTED)
    assert row["group"] == "base"
    said = np.array(["check" in text for text in base["response"]])
    true = said | (np.arange(20) % 2 == 1)
    p = 14 / 40
    assert row["value"] == pytest.approx(p * true[said].mean() + (1 - p) * true[~said].mean())
    assert row["low"] < row["value"] < row["high"]
    assert "20 labels" in row["method"]


def test_quotes_take_turns_between_kinds(make: Make) -> None:
    study, _ = make()
    judge_study(study, Words(), WANTED)
    shown = some_quotes(study, "response", "words@1", "verification", 4)
    assert sorted(kind for kind, _, _ in shown) == ["base", "base", "distilled", "distilled"]
    assert {quote for _, _, quote in shown} == {"check"}
    assert some_quotes(study, "response", "words@1", "enumeration", 4) == []


def test_what_cannot_be_judged_is_said_before_anything_is_asked(make: Make) -> None:
    study, plan = make()
    judge = Words(unable="backtracking")
    with pytest.raises(InputError, match="words cannot judge backtracking"):
        judge_study(study, judge, WANTED)
    assert judge.asked == []
    with pytest.raises(UnknownNameError, match="verdict to retry"):
        Wanted((CHECK,), retry=("absent",))
    with pytest.raises(InputError, match=r"words@1 has no answer for verification, backtracking"):
        rates(study, plan, ASKED)


def test_a_trace_with_one_sentence_unanswered_has_no_value(make: Make) -> None:
    study, _ = make()
    part = study.parts("traces")[0]
    ids = study.traces(["trace_id"])["trace_id"].tolist()[:2]
    labels = [
        [Label("self_checking", "present", 1, start=0, end=3), Label("self_checking", "failed", start=3)],
        [Label("self_checking", "present", 1, start=0, end=3), Label("self_checking", "absent", start=3)],
    ]
    table = store.rows_of(ids, labels, ["abcdef"] * 2, STEP, text="response", judge="words@1", repeat=0)
    store.save(study, part, STEP, Words(), [table], text="response", details={"unit": "sentence"})
    found = per_trace(study, "response", "words@1", "self_checking")
    assert found.loc[ids[0]].isna().all()
    assert found.loc[ids[1]].to_dict() == {"answered": 1, "present": 1, "instances": 1, "fraction": 0.5}


def test_names_of_judges_are_safe_folders_and_differ() -> None:
    names = ["rules@1", "human:ann", "human:bob", "Qwen/Qwen2.5", "Qwen-Qwen2.5", "../x", "..", "é"]
    folders = [store.judge_folder(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all("/" not in f and not f.startswith(".") for f in folders)
    assert folders[0] == "rules@1"
