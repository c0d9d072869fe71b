"""Every shipped codebook can be used by a judge and a person: rules, and examples on both sides."""

from __future__ import annotations

import tomllib

import pytest

from reasonlens.judges import Codebook, codebook_names, load_codebook, load_codebooks
from reasonlens.judges._codebooks import FOLDER
from reasonlens.text.segments import segments

NAMES = codebook_names()
GANDHI = {"verification", "backtracking", "subgoal_setting", "backward_chaining"}
FAMILIES = {
    "thought_anchors": {
        *("problem_setup", "plan_generation", "fact_retrieval", "active_computation"),
        *("result_consolidation", "uncertainty_management", "final_answer_emission", "self_checking"),
    },
    "schoenfeld": {
        f"episode_{name}" for name in ("read", "analyze", "plan", "implement", "explore", "verify", "monitor")
    },
    "strategies": {
        f"strategy_{name}"
        for name in (
            *("step_by_step", "analogy", "elimination", "direct_recall", "casework", "backward"),
            "guess_and_check",
        )
    },
}


@pytest.fixture(params=NAMES)
def codebook(request: pytest.FixtureRequest) -> Codebook:
    return load_codebook(request.param)


def test_all_published_behaviors_are_there() -> None:
    whole = {*GANDHI, "enumeration", "self_reflection", "multi_perspective", "metacognitive_awareness"}
    assert set(NAMES) == whole.union(*FAMILIES.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_stands_for_its_members(family: str) -> None:
    found = load_codebooks([family])
    assert {codebook.name for codebook in found} == FAMILIES[family]
    assert {codebook.unit for codebook in found} == {"trace" if family == "strategies" else "sentence"}


def test_what_its_source_names_and_does_not_define_is_marked_as_reconstructed() -> None:
    marked = {name for name in NAMES if load_codebook(name).status == "reconstructed"}
    assert marked == {"multi_perspective", "metacognitive_awareness", *FAMILIES["strategies"]}


def test_only_the_strategies_that_orca_2_names_are_said_to_be_named_by_it() -> None:
    named = {name for name in FAMILIES["strategies"] if "Orca 2, arXiv" in load_codebook(name).source}
    assert named == {"strategy_step_by_step", "strategy_direct_recall"}


def test_a_codebook_says_what_counts_and_what_does_not(codebook: Codebook) -> None:
    assert codebook.source
    assert codebook.version
    assert 40 <= len(codebook.definition) <= 500
    assert codebook.include
    assert codebook.exclude
    assert not set(codebook.include) & set(codebook.exclude)


def test_a_codebook_has_examples_on_both_sides_and_at_the_border(codebook: Codebook) -> None:
    clear = {example.verdict for example in codebook.examples if not example.borderline}
    close = {example.verdict for example in codebook.examples if example.borderline}
    assert clear == close == {"present", "absent"}
    assert len({example.text for example in codebook.examples}) == len(codebook.examples)


def test_an_example_of_a_sentence_function_is_one_sentence(codebook: Codebook) -> None:
    for example in codebook.examples if codebook.unit == "sentence" else ():
        assert len(segments(example.text)) == 1, example.text


def test_the_name_is_that_of_the_file_and_no_text_is_lost(codebook: Codebook) -> None:
    written = tomllib.loads((FOLDER / f"{codebook.name}.toml").read_text("utf-8"))
    assert written["name"] == codebook.name
    assert len(written["example"]) == len(codebook.examples)
    assert " ".join(written["definition"].split()) == codebook.definition


def test_digests_differ() -> None:
    assert len({load_codebook(name).digest for name in NAMES}) == len(NAMES)
