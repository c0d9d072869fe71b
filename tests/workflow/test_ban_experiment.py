"""The experiment against a model whose truth is known: effects, controls, doses, leaks, compensation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reasonlens
from reasonlens import Study, sample
from reasonlens.backends import Completion, GenerationRequest, SamplingParams, _templates
from reasonlens.backends.fake import FakeBackend
from reasonlens.bans import Ban
from reasonlens.core.errors import BackendError, InputError
from reasonlens.graders import Limits
from reasonlens.workflow import problem_sets
from reasonlens.workflow.ban_arms import _RARE, Design, Planned, first_arms, later_arms
from reasonlens.workflow.ban_compensation import compensation
from reasonlens.workflow.ban_experiment import Drawn, draw
from reasonlens.workflow.ban_results import Results, _rank, results
from reasonlens.workflow.ban_words import by_keyness, known_words, word_counts
from reasonlens.workflow.generate import Spec, connected
from reasonlens.workflow.problem_sets import ProblemSet

WORDS = ("wait", "perhaps", "alternatively", "but")
DESIGN = Design(WORDS, controls=4)
SPEC = Spec("fake", "trial", _templates.load("plain"), SamplingParams(max_tokens=600), n=24, seed=3)
EFFECT = 0.25


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> ProblemSet:
    """Forty made-up problems: enough for an interval worth its name."""
    path = tmp_path_factory.mktemp("problems") / "made.jsonl"
    lines = [f'{{"problem": "What is {i} plus {i}?", "answer": "{2 * i}"}}' for i in range(1, 41)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return problem_sets.load([str(path)])


@pytest.fixture(scope="module")
def ran(problems: ProblemSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Drawn, Results]:
    folder = str(tmp_path_factory.mktemp("ban") / "study")
    with connected("fake", "trial", problems, {"effect": EFFECT, "compensation": 0.5}) as backend:
        drawn = draw(folder, SPEC, problems, backend, DESIGN)
        again = draw(folder, SPEC, problems, backend, DESIGN)
    assert all(not sum(made.done.values()) for made in again.generated)  # nothing is drawn twice
    study = Study(folder)
    return study, drawn, results(study, "trial", drawn.arms, DESIGN, limits=Limits(seconds=2.0))


def test_an_engine_that_cannot_carry_the_ban_draws_no_baseline(problems: ProblemSet, tmp_path: Path) -> None:
    class NoBans(FakeBackend):
        def generate(
            self, requests: Iterable[GenerationRequest], sampling: SamplingParams
        ) -> Iterator[Completion]:
            for request in requests:
                if request.ban is not None:
                    raise BackendError("no bans here")
                yield from super().generate([request], sampling)

    with pytest.raises(BackendError, match="no bans here"):
        draw(str(tmp_path / "s"), SPEC, problems, NoBans("trial", answers=problems.answers()), DESIGN)
    assert not list((tmp_path / "s").rglob("*.parquet"))


def accuracy(found: Results) -> pd.DataFrame:
    return found.effects[found.effects["measure"] == "accuracy"].set_index("arm")


def test_the_effect_covers_the_truth(ran: tuple[Study, Drawn, Results]) -> None:
    row = accuracy(ran[2]).loc["target"]
    assert row["low"] <= -EFFECT <= row["high"]
    assert row["high"] < 0
    assert row["p_value"] < 0.001
    assert row["p_adjusted"] < 0.01
    assert (row["n_problems"], row["n_traces"], row["excluded"]) == (40, 2 * 40 * 24, 0)


def test_the_table_is_kept(ran: tuple[Study, Drawn, Results]) -> None:
    kept = ran[0].read("effects").to_pandas()
    assert len(kept) == len(ran[2].effects)
    assert set(kept["role"]) == {"repeat", "sham", "placebo", "target", "leave_in", "dose", "control"}
    row = kept[(kept["arm"] == "target") & (kept["measure"] == "accuracy")].iloc[0]
    assert list(row["words"]) == list(WORDS)
    assert row["family"] == "accuracy of the planned arms: 7 tests (Holm)"


def test_the_flips_are_kept_and_say_what_the_effect_says(ran: tuple[Study, Drawn, Results]) -> None:
    kept = ran[0].read("flips").to_pandas()
    whole = kept[kept["problem_id"] == "(all)"].set_index("arm")
    net = (whole["wrong_to_right"] - whole["right_to_wrong"]) / whole["n_pairs"]
    assert net.to_dict() == pytest.approx(accuracy(ran[2])["value"].to_dict())
    assert (kept["problem_id"] != "(all)").sum() == 40 * len(whole)
    assert whole.loc["target", "p_value"] < 1e-9
    assert whole.loc["sham", ["right_to_wrong", "wrong_to_right"]].sum() == 0


def test_what_should_do_nothing_does_nothing(ran: tuple[Study, Drawn, Results]) -> None:
    rows = accuracy(ran[2])
    for name in ("sham", "placebo"):
        assert rows.loc[name, "value"] == 0.0
        assert rows.loc[name, "p_value"] == 1.0
    repeat = rows.loc["repeat"]
    assert repeat["value"] != 0.0  # other luck
    assert repeat["low"] <= 0.0 <= repeat["high"]
    controls = rows[rows["role"] == "control"]
    assert (controls["value"].abs() < EFFECT / 4).all()
    assert controls["p_value"].isna().all()


def test_more_words_cost_more(ran: tuple[Study, Drawn, Results]) -> None:
    rows = accuracy(ran[2])["value"]
    assert rows["target"] < rows["dose-2"] < rows["dose-1"] < 0
    assert ran[2].trend < 0.001
    for word in WORDS:
        assert rows["target"] < rows[f"without-{word}"] < 0


def test_the_target_is_ranked_among_its_controls(ran: tuple[Study, Drawn, Results]) -> None:
    assert ran[2].rank == (1 / 5, 0, 4)
    made = pd.DataFrame(
        {
            "measure": "accuracy",
            "dataset": "(all)",
            "role": ["target", *["control"] * 4],
            "value": [-0.1, -0.2, -0.1, 0.0, 0.1],
        }
    )
    assert _rank(made) == (3 / 5, 2, 4)
    assert _rank(made[made["role"] == "control"]) is None


def test_several_tries_are_compared(ran: tuple[Study, Drawn, Results]) -> None:
    rows = ran[2].effects[ran[2].effects["arm"] == "target"].set_index("measure")
    assert [name for name in rows.index if name.startswith("pass@")] == [
        "pass@2",
        "pass@4",
        "pass@8",
        "pass@16",
    ]
    traces = ran[0].traces(["trace_id", "problem_id", "condition"])
    grades = ran[0].read("grades", columns=["trace_id", "verdict"]).to_pandas()
    right = traces.merge(grades, on="trace_id").assign(right=lambda t: t["verdict"] == "correct")
    n = right.groupby(["condition", "problem_id"])["right"].sum().unstack("condition")
    by_hand = (1 - (24 - n) * (23 - n) / (24 * 23)).mean()  # 1 - C(24 - c, 2) / C(24, 2)
    assert rows.loc["pass@2", "value"] == pytest.approx(by_hand["target"] - by_hand["baseline"])
    assert rows.loc["pass@2", "baseline"] == pytest.approx(by_hand["baseline"])


def test_the_parts_by_length_add_up(ran: tuple[Study, Drawn, Results]) -> None:
    rows = ran[2].effects[ran[2].effects["arm"] == "target"].set_index("measure")["value"]
    parts = rows["accuracy/with_length"] + rows["accuracy/beside_length"]
    assert parts == pytest.approx(rows["accuracy"])


def test_the_words_that_take_over_are_listed(ran: tuple[Study, Drawn, Results]) -> None:
    rows = ran[2].effects[ran[2].effects["measure"].str.startswith("word/")]
    assert len(rows)
    assert (rows["p_adjusted"] >= rows["p_value"]).all()
    assert (rows["value"] > 1).all()
    assert not set(rows["measure"]) & {f"word/{word}" for word in WORDS}


def test_strata_come_from_another_model(ran: tuple[Study, Drawn, Results], tmp_path: Path) -> None:
    study, drawn, _ = ran
    traces = study.traces(["problem", "problem_id"]).drop_duplicates("problem_id")
    file, easy = tmp_path / "other.jsonl", set(traces["problem_id"][:10])
    with file.open("w", encoding="utf-8") as out:
        for row in traces.to_dict("records"):
            told = {"model": "judge", "problem": row["problem"], "response": "x"}
            out.write(json.dumps({**told, "correct": row["problem_id"] in easy}) + "\n")
    reasonlens.ingest([file], tmp_path / "other")
    found = results(study, "trial", drawn.arms, DESIGN, difficulty_from=f"{tmp_path / 'other'}:judge")
    rows = found.effects[(found.effects["arm"] == "target") & (found.effects["measure"] == "accuracy")]
    counts = rows.set_index("dataset")["n_problems"].to_dict()
    assert counts == {"(all)": 40, "never solved": 30, "solved above 75%": 10}
    value = rows.set_index("dataset")["value"]
    mean = (30 * value["never solved"] + 10 * value["solved above 75%"]) / 40
    assert mean == pytest.approx(value["(all)"])
    with pytest.raises(InputError, match="cannot say how hard a problem is"):
        results(study, "trial", drawn.arms, DESIGN, difficulty_from=f"{study.path}:trial")


def test_strata_come_from_a_file_and_are_compared(ran: tuple[Study, Drawn, Results], tmp_path: Path) -> None:
    study, drawn, _ = ran
    rows = study.traces(["problem", "problem_id", "condition", "sample"]).drop_duplicates("problem_id")
    frame = rows[["problem", "problem_id"]].assign(accuracy=[0.0] * 20 + [0.5] * 18 + [None] * 2)

    def found(source: Path) -> pd.DataFrame:
        effects = results(study, "trial", drawn.arms, DESIGN, difficulty_from=str(source)).effects
        return effects[effects["arm"].isin(["target", "placebo"])].set_index(["arm", "measure", "dataset"])

    frame[["problem", "accuracy"]].to_csv(tmp_path / "rates.csv", index=False)
    told = found(tmp_path / "rates.csv")
    hard, easy = (told.loc["target", "accuracy", name] for name in ("never solved", "solved 25-75%"))
    assert (hard["n_problems"], easy["n_problems"]) == (20, 18)
    row = told.loc["target", "accuracy/strata", "(all)"]
    assert row["value"] == pytest.approx(hard["value"] - easy["value"])
    assert (row["n_problems"], row["n_traces"]) == (38, 2 * 38 * 24)
    assert row["excluded_why"] == f"problem without a stratum: {2 * 2 * 24}"
    assert row["method"] == "permuted strata of problems, 9999 draws"
    assert 0.001 < row["p_value"] < 1
    # responses with verdicts, by the ids of the problems, say the same
    several = frame.loc[frame.index.repeat(2)].dropna()
    several["correct"] = np.where(several["accuracy"] > 0, np.tile([True, False], len(several) // 2), False)
    several[["problem_id", "correct"]].to_parquet(tmp_path / "rates.parquet")
    several[["problem", "correct"]].to_json(tmp_path / "rates.jsonl", orient="records", lines=True)
    for name in ("rates.parquet", "rates.jsonl"):
        again = found(tmp_path / name)
        pd.testing.assert_frame_equal(again.drop(columns=["words"]), told.drop(columns=["words"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "problem,rate\nx,1\n",
            "needs the column problem_id or problem, and accuracy or correct; it has problem",
        ),
        ("problem,accuracy\nx,1.5\n", "accuracy 1.5 in row 1 is no share from 0 to 1"),
        ("problem,accuracy\nx,1\ny,often\n", "accuracy often in row 2 is no share"),
        ("problem,accuracy,model\nx,1,trial\n", "cannot say how hard a problem is"),
        ("problem,accuracy\nx,1\n", "knows none of the problems of this experiment"),
        ("", "cannot be read: No columns to parse"),
    ],
)
def test_a_file_that_tells_no_strata_is_refused(
    ran: tuple[Study, Drawn, Results], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=message):
        results(ran[0], "trial", ran[1].arms, DESIGN, difficulty_from=str(path))


def test_no_output_holds_what_was_banned(ran: tuple[Study, Drawn, Results]) -> None:
    study, drawn, found = ran
    assert found.leaking == []
    assert {arm.name for arm in drawn.arms if arm.words} == set(found.leaks)
    texts = study.traces(["condition", "response"])
    baseline = texts.loc[texts["condition"] == "baseline", "response"]
    assert baseline.str.contains(r"\bwait\b", case=False).mean() > 0.5
    banned = texts.loc[texts["condition"] == "target", "response"]
    assert not banned.str.contains(r"\b(?:wait|perhaps|alternatively|but)\b", case=False).any()


def test_leaks_are_found(ran: tuple[Study, Drawn, Results]) -> None:
    study, drawn, _ = ran
    pretended = [Planned("repeat", "control", ("wait",)), *drawn.arms[:1]]
    found = results(study, "trial", pretended, DESIGN)
    assert found.leaking == ["repeat"]
    assert found.leaks["repeat"].n_leaks > 100


def test_others_take_over_what_was_banned(ran: tuple[Study, Drawn, Results]) -> None:
    rows = ran[2].compensation.set_index("category")
    assert set(rows.index) == {"anthropomorphic", "logical_connectors"}
    for row in rows.to_dict("records"):
        assert 0 < row["low"] < row["ratio"] < row["high"] < 1
        by_hand = (row["others_under_ban"] - row["others_before"]) / row["banned_before"]
        assert row["ratio"] == pytest.approx(by_hand)


def test_compensation_needs_both_sides(ran: tuple[Study, Drawn, Results]) -> None:
    study, drawn, _ = ran
    frame = pd.DataFrame(
        {"condition": ["baseline"], "trace_id": ["x"], "problem_id": ["p"], "length/words": [1.0]}
    )
    assert compensation(study, frame, drawn.arms, DESIGN).empty


def test_words_are_counted_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    rows = [
        {"model": "m", "problem": "p", "response": "Wait, we wait. But no."},
        {"model": "m", "problem": "q", "response": "No, wait!"},
        {"model": "other", "problem": "p", "response": "Wait wait wait."},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    reasonlens.ingest([file], tmp_path / "s")
    found = word_counts(Study(tmp_path / "s"), "m").set_index("word")
    assert found.loc["wait"].tolist() == [3, 1]
    assert found.loc["no"].tolist() == [2, 1]
    assert found.loc["but"].tolist() == [1, 1]
    assert found["hits"].sum() == 7


def test_arms_by_name() -> None:
    names = [arm.name for arm in first_arms(Design(("wait", "hold on")))]
    assert names == ["baseline", "repeat", "sham", "target", "without-wait", "without-hold_on"]
    assert [a.role for a in first_arms(Design(("wait",)))][-1] == "target"
    with pytest.raises(InputError, match="an ablation needs words to ban"):
        Design(())
    counts = pd.DataFrame({"word": ["wait"], "hits": [5], "initial_hits": [5]})
    found = later_arms(replace(DESIGN, controls=3), counts)
    assert [arm.words for arm in found.arms if arm.role == "dose"] == [("wait",), ("wait", "alternatively")]
    assert found.matching.empty
    assert found.notes[0].startswith("no control sets: ")


def test_placebos_are_words_of_the_vocabulary_that_the_baseline_never_uses() -> None:
    counts = pd.DataFrame({"word": ["wait", "apple"], "hits": [5, 1], "initial_hits": [5, 0]})
    design = Design(("wait", "but"), controls=0)
    found = later_arms(design, counts, candidates=["apple", "wait", "plum", "pear", "fig"])
    assert [arm.words for arm in found.arms if arm.role == "placebo"] == [("pear", "plum")]
    few = later_arms(design, counts, candidates=["apple", "plum"])
    why = "only 1 words are never used in the baseline, 2 were asked for"
    assert few.notes[0] == f"placebo words are from a short list of rare ones: {why}"
    assert len(next(arm.words for arm in few.arms if arm.role == "placebo")) == 2
    used = pd.DataFrame({"word": [*_RARE, "wait"], "hits": 1, "initial_hits": 0})
    none = later_arms(design, used, candidates=["walnut", "plum"])
    assert (none.arms[0].role, none.notes[0]) == ("dose", f"no placebo: {why}")


def test_placebos_without_a_tokenizer_are_words_that_a_model_could_write(
    ran: tuple[Study, Drawn, Results], problems: ProblemSet
) -> None:
    (words,) = (arm.words for arm in ran[1].arms if arm.role == "placebo")
    known = known_words(problem.statement for problem in problems.problems)
    assert set(words) <= set(known)
    assert not set(words) & set(word_counts(ran[0], "trial")["word"])
    assert {"maybe", "hmm", "plus"} <= set(known)  # of lexicons; of "What is 1 plus 1?"
    assert not any(" " in word or "*" in word for word in known)


def test_doses_by_keyness_share_the_arms_that_they_have_in_common() -> None:
    own = pd.DataFrame({"word": ["wait", "but", "the"], "hits": [50, 80, 900], "initial_hits": 0})
    other = pd.DataFrame({"word": ["wait", "but", "the"], "hits": [5, 90, 900], "initial_hits": 0})
    assert by_keyness(own, other, ["but", "wait", "perhaps"]) == ["wait", "perhaps", "but"]
    design = Design(("wait", "but", "perhaps"), controls=0)
    arms = {arm.name: arm for arm in later_arms(design, own, other).arms}
    assert arms["dose-1"].words == ("but",)
    assert arms["dose-key-1"].words == ("wait",)
    assert (arms["dose-2"].words, arms["dose-key-2"].words) == (("but", "wait"), ("wait", "perhaps"))
    same = {arm.name: arm for arm in later_arms(design, own, other.assign(hits=[90, 1, 900])).arms}
    assert same["dose-key-1"].condition == "dose-1"


@pytest.mark.parametrize(
    ("options", "hard"),
    [
        ((), True),
        ((("penalty", -5.0),), False),
        ((("probability", 0.5),), False),
        ((("phase", "reasoning"),), False),
    ],
)
def test_only_a_hard_ban_promises_that_no_word_is_left(
    options: tuple[tuple[str, object], ...], hard: bool
) -> None:
    assert Design(("wait",), options=options).hard is hard


def test_a_study_without_a_baseline_is_refused(tmp_path: Path) -> None:
    reasonlens.ingest([sample.path()], tmp_path / "s")
    with pytest.raises(InputError, match="has no baseline of nobody; run reasonlens ban-ablation first"):
        results(Study(tmp_path / "s"), "nobody", [], DESIGN)


def test_a_ban_takes_the_manner_of_the_design() -> None:
    made = Design(("wait",), options=(("latex", "skip"), ("penalty", -5.0))).ban(("wait",), "x")
    assert made == Ban(("wait",), name="x", latex="skip", penalty=-5.0)
    assert np.isfinite(made.penalty)
