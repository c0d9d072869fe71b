"""Structure in a study: who is compared with whom, what is kept, and what the numbers are."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import reasonlens
from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.structure import Decomposition, Step
from reasonlens.structure.baseline import Baseline, steps_of
from reasonlens.structure.match import LexicalMatcher
from reasonlens.structure.reward import follow
from reasonlens.workflow.structure import Structure, structure_rates
from reasonlens.workflow.structure_chosen import Account, Chosen, choose, roles
from reasonlens.workflow.structure_pairs import chance_pairs, chosen_pairs, compare_study, pairs_of
from reasonlens.workflow.structure_steps import decompose_study, plans_of, rows_of_steps

PLAN = "First, find the price of {p} apples. That is {a}. Wait, check the price of {p} apples. Yes, {a}."
OTHER = "First, draw a triangle. The angle is {a}. Wait, is the triangle right? Yes, {a}."
PROBLEMS = 6


def rows(samples: int = 2) -> list[dict[str, object]]:
    """A teacher, a student who follows it to the letter, and one who does something else."""
    made = []
    for p in range(PROBLEMS):
        about = {"benchmark": "toy", "problem": f"Price of {p + 2} apples?", "gold": str(2 * p)}
        text = PLAN.format(p=p + 2, a=3 * p + 1)
        made.append(
            {**about, "model": "lab/teacher", "model_kind": "teacher", "response": text, "correct": True}
        )
        for i in range(samples):
            for model, body in (("lab/same", text), ("lab/other", OTHER.format(a=p))):
                made.append(
                    {
                        **about,
                        "model": model,
                        "model_kind": "distilled",
                        "sample": i,
                        "response": body + " " * i,
                        "correct": i == 0,
                    }
                )
    return made


def study_of(folder: Path, data: list[dict[str, object]]) -> Study:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, data)), encoding="utf-8")
    reasonlens.ingest([path], study=folder / "study", jobs=1)
    return Study(folder / "study")


def answered(study: Study, chosen: Chosen = Chosen()) -> Structure:  # noqa: B008
    decompose_study(study, Baseline(), chosen)
    compare_study(study, Baseline(), LexicalMatcher(), chosen)
    return structure_rates(study, Baseline(), LexicalMatcher(), chosen)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Structure:
    return answered(study_of(tmp_path_factory.mktemp("structure"), rows()))


def value(found: Structure, quantity: str, group: str, **where: object) -> pd.Series:
    mine = found.rows[(found.rows["quantity"] == quantity) & (found.rows["group"] == group)]
    for name, wanted in {"reference": "", **where}.items():
        mine = mine[mine[name] == wanted]
    assert len(mine) == 1, mine
    return mine.iloc[0]


def test_who_follows_to_the_letter_has_all_and_who_does_not_has_nothing(found: Structure) -> None:
    same, other = (value(found, "reward_normalized", name) for name in ("lab/same", "lab/other"))
    assert (same["value"], other["value"]) == (1.0, 0.0)
    assert (same["n_problems"], same["n_traces"]) == (PROBLEMS, 2 * PROBLEMS)
    assert value(found, "reward", "lab/same")["value"] == 2.0
    assert value(found, "n_matched", "lab/same")["value"] == 2.0
    assert value(found, "reward_aligned", "lab/other")["value"] == 0.0


def test_numbers_of_a_pair_are_those_of_the_rule(tmp_path: Path) -> None:
    data = rows(1)
    found = answered(study_of(tmp_path, data))
    texts = {(r["model"], r["problem"]): str(r["response"]) for r in data}
    assert len(found.pairs) == 2 * PROBLEMS
    by = Study(tmp_path / "study").traces(["trace_id", "problem", "model"]).set_index("trace_id")
    for row in found.pairs.to_dict("records"):
        problem = by.loc[row["teacher_id"], "problem"]
        teacher, student = (steps_of(texts[name, problem]) for name in (row["teacher"], row["student"]))
        expected = follow(teacher, student, LexicalMatcher_fitted(teacher, student))
        assert (row["reward"], row["n_matched"]) == (expected.reward, expected.n_matched)


def LexicalMatcher_fitted(teacher: list[Step], student: list[Step]):  # noqa: N802
    from reasonlens.structure.lexical import Lexical

    return Lexical().fitted(teacher, student)


def test_other_problems_show_what_a_match_is_worth(found: Structure) -> None:
    chance = value(found, "reward_normalized, another problem", "lab/same")
    assert 0 < chance["value"] < 1  # the same words, other numbers


def test_depth_curves(found: Structure) -> None:
    for depth in (1, 2):
        assert value(found, "still followed", "lab/same", at=depth)["value"] == 1.0
        assert value(found, "match rate", "lab/same", at=depth)["value"] == 1.0
    assert value(found, "still followed", "lab/other", at=1)["value"] == 0.0
    deeper = found.rows[(found.rows["quantity"] == "match rate") & (found.rows["group"] == "lab/other")]
    assert deeper["at"].tolist() == [1]  # nobody got further


def test_right_and_wrong_within_problems(found: Structure) -> None:
    row = value(found, "reward_normalized, AUC", "lab/same")
    assert row["value"] == 0.5  # right and wrong samples have the same steps
    assert row["n_problems"] == PROBLEMS
    assert value(found, "pass@k", "lab/same", at=1)["value"] == 0.5
    assert value(found, "pass@k", "lab/same", at=2)["value"] == 1.0
    assert value(found, "reward_normalized@k", "lab/same", at=2)["value"] == 1.0


def test_samples_that_are_the_same_are_one_pattern(found: Structure) -> None:
    assert value(found, "distance between samples", "lab/same")["value"] == 0.0
    assert value(found, "effective patterns", "lab/same")["value"] == 1.0
    assert value(found, "distance to teacher", "lab/same", teacher="lab/teacher")["value"] == 0.0


def test_shares_of_steps_and_transitions_add_up(found: Structure) -> None:
    for model in ("lab/same", "lab/teacher"):
        share = found.rows[
            (found.rows["quantity"] == "share of steps")
            & (found.rows["group"] == model)
            & (found.rows["reference"] == "")
        ]
        assert share["value"].sum() == pytest.approx(1)
        assert value(found, "steps", model)["value"] == 2.0
    moves = found.rows[(found.rows["quantity"] == "transition") & (found.rows["group"] == "lab/same")]
    assert moves.groupby("kind")["value"].sum().tolist() == pytest.approx([1.0] * moves["kind"].nunique())
    sure = moves[(moves["kind"] == "plan") & (moves["following"] == "check")]
    assert sure["value"].tolist() == [1.0]


def test_gaps_are_student_minus_teacher(found: Structure) -> None:
    row = value(found, "steps", "lab/same", reference="lab/teacher")
    assert (row["value"], row["n_problems"]) == (0.0, PROBLEMS)


def test_each_question_is_a_family_of_its_own(found: Structure) -> None:
    tested = found.rows[found.rows["p_value"].notna()]
    assert len(tested) > 5
    assert (tested["p_adjusted"] >= tested["p_value"]).all()
    for quantity, mine in tested.groupby("quantity"):
        (family,) = set(mine["family"])
        assert family.startswith(f"{quantity}, ")
        assert f"{len(mine)} test" in family


def test_running_again_does_nothing_and_a_new_student_only_its_part(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows(1))
    chosen = Chosen(students=("lab/same",))
    first = decompose_study(study, Baseline(), chosen)
    assert (first.done, first.kept, first.states) == (2 * PROBLEMS, 0, {"ok": 2 * PROBLEMS})
    pairing = compare_study(study, Baseline(), LexicalMatcher(), chosen)
    assert (pairing.done, pairing.kept) == (PROBLEMS, 0)
    everyone = Chosen()
    again = decompose_study(study, Baseline(), everyone)
    assert (again.done, again.kept) == (PROBLEMS, 2 * PROBLEMS)
    pairing = compare_study(study, Baseline(), LexicalMatcher(), everyone)
    assert (pairing.done, pairing.kept, pairing.pairs) == (PROBLEMS, PROBLEMS, 2 * PROBLEMS)
    pairing = compare_study(study, Baseline(), LexicalMatcher(0.9), everyone)
    assert pairing.done == 2 * PROBLEMS  # another threshold is another matcher


def test_only_shared_problems_and_the_sample(tmp_path: Path) -> None:
    data = rows(1)
    alone = {**data[0], "model": "lab/same", "model_kind": "distilled", "problem": "Something else?"}
    study = study_of(tmp_path, [*data, alone])
    account = Account()
    assert len(choose(study, Chosen(), account)) == 3 * PROBLEMS
    assert account.left_out == {"no shared problem": 1}
    account = Account()
    assert len(choose(study, Chosen(sample=2), account)) == 3 * 2
    assert account.left_out["not in the sample"] == 3 * (PROBLEMS - 2)


def test_without_a_teacher_only_what_models_do_by_themselves(tmp_path: Path) -> None:
    data = [row for row in rows() if row["model_kind"] != "teacher"]
    found = answered(study_of(tmp_path, data))
    assert found.pairs.empty
    assert set(found.rows["quantity"]) == {
        "steps",
        "share of steps",
        "transition",
        "distance between samples",
        "effective patterns",
    }
    assert "No model is a teacher" in found.notes[0]


def test_a_failed_decomposition_is_a_status_and_no_zero(tmp_path: Path) -> None:
    data = rows(1)
    data[1]["response"] = "   x"
    study = study_of(tmp_path, data)

    class Failing(Baseline):
        def decompose(self, items, done=lambda _: None):
            for item in items:
                steps = tuple(steps_of(item.text))
                yield Decomposition((), "refused", "no") if "x" in item.text else Decomposition(steps)

    decompose_study(study, Failing(), Chosen())
    pairing = compare_study(study, Failing(), LexicalMatcher(), Chosen())
    assert pairing.states == {"ok": 2 * PROBLEMS - 1, "student refused": 1}
    found = structure_rates(study, Failing(), LexicalMatcher(), Chosen())
    row = value(found, "reward_normalized", str(data[1]["model"]))
    assert (row["excluded"], row["excluded_why"], row["n_traces"]) == (1, "student refused: 1", PROBLEMS - 1)
    failed = found.pairs[found.pairs["status"] != "ok"]
    assert failed["reward"].isna().all()
    assert any("1 of 12 pairs have no score (student refused)" in note for note in found.notes)


def test_steps_are_rows_with_their_places(tmp_path: Path) -> None:
    text = "First, add 2. It is 5."
    made = rows_of_steps("t", "response", Decomposition(tuple(steps_of(text))), Baseline())
    assert [(r["step"], r["kind"], r["start"], r["end"], r["status"]) for r in made] == [
        (1, "plan", 0, len(text), "exact")
    ]
    (failed,) = rows_of_steps("t", "response", Decomposition((), "unparsed", "why"), Baseline())
    assert (failed["step"], failed["status"], failed["meta"]) == (0, "unparsed", "why")


def test_pairs_have_the_first_samples_of_a_teacher_and_never_a_trace_with_itself() -> None:
    about = pd.DataFrame(
        {
            "trace_id": list("abcd"),
            "model": ["t", "t", "t", "s"],
            "dataset": "d",
            "problem_id": "p",
            "sample": [0, 1, 2, 0],
            "part": "x",
        }
    )
    both = pairs_of(about, ["t"], ["s", "t"], 2)
    assert set(zip(both["teacher_id"], both["student_id"], strict=True)) == {
        ("a", "d"), ("b", "d"), ("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"),
    }  # fmt: skip


def test_chance_pairs_are_of_another_problem(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows(1))
    pairs = chosen_pairs(study, Chosen())
    other = chance_pairs(pairs)
    assert len(other) == len(pairs)
    problem = pairs.drop_duplicates("teacher_id").set_index("teacher_id")["problem_id"]
    assert (other["teacher_id"].map(problem) != other["problem_id"]).all()


def test_names_that_are_wrong(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows(1))
    with pytest.raises(UnknownNameError, match="lab/nobody"):
        choose(study, Chosen(teachers=("lab/nobody",)), Account())
    with pytest.raises(UnknownNameError, match="health flag"):
        Chosen(exclude=("sick",))
    with pytest.raises(UnknownNameError, match="state to retry"):
        Chosen(retry=("ok",))
    with pytest.raises(InputError, match="another benchmark: 18"):
        choose(study, Chosen(dataset="other"), Account())
    with pytest.raises(InputError, match="has no steps of baseline"):
        plans_of(study, "baseline")


def test_roles_by_kind_and_by_name(tmp_path: Path) -> None:
    study = study_of(tmp_path, rows(1))
    about = choose(study, Chosen(), Account())
    assert roles(about, Chosen()) == (["lab/teacher"], ["lab/other", "lab/same"])
    assert roles(about, Chosen(teachers=("lab/same",))) == (["lab/same"], ["lab/other"])
