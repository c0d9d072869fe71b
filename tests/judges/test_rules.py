from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.judges import Label, Settings, load_codebook, load_codebooks, rules, sentences_of
from reasonlens.judges._cues import cue_names
from reasonlens.judges._rules_quality import measured, qualities

TEXT = (
    "So 3 + 4 = 7.\n\nLet me check: 7 - 4 = 3. Alternatively, we can count on fingers. "
    "That leads nowhere, so let's go back to the start.\n\nThe answer is \\boxed{7}."
)
BOOKS = load_codebooks(["verification", "multi_perspective", "backtracking", "final_answer_emission"])


def judged(text: str = TEXT, books: list = BOOKS) -> list[Label]:  # type: ignore[type-arg]
    return next(iter(rules.make(Settings()).judge([text], books)))


def test_a_label_has_the_sentences_as_quotes_and_their_number_as_count() -> None:
    labels = {label.behavior: label for label in judged() if label.behavior != "final_answer_emission"}
    check = labels["verification"]
    assert (check.verdict, check.count, check.n_unverified, check.cost) == ("present", 1, 0, 0.0)
    assert [q.surface for q in check.quotes] == ["Let me check: 7 - 4 = 3."]
    assert [q.surface for q in labels["multi_perspective"].quotes] == [
        "Alternatively, we can count on fingers."
    ]
    assert labels["backtracking"].count == 1
    assert check.rationale == "lexical baseline: the sentence has a cue"


def test_a_sentence_codebook_has_a_label_for_each_sentence() -> None:
    labels = [label for label in judged() if label.behavior == "final_answer_emission"]
    assert [(x.start, x.end) for x in labels] == sentences_of(TEXT)
    assert [x.verdict for x in labels] == ["absent"] * 4 + ["present"]
    assert [x.count for x in labels] == [0, 0, 0, 0, 1]


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["Wait, let me check. ", "So 4. ", "Another way is this. ", "\n\n", "é😀. "]))
)
def test_quotes_are_in_the_text_and_do_not_overlap(pieces: list[str]) -> None:
    text = "".join(pieces)
    for label in judged(text):
        assert label.count == len(label.quotes)
        assert (label.verdict == "present") == (label.count > 0)
        for quote in label.quotes:
            assert text[quote.start : quote.end] == quote.surface
        for a, b in itertools.pairwise(label.quotes):
            assert a.end <= b.start


def test_given_sentences_are_the_units() -> None:
    places = [(0, 10), (10, len(TEXT))]
    found = rules.make(Settings()).judge([TEXT], BOOKS[:1], sentences=[places])
    (label,) = next(iter(found))
    assert [(q.start, q.end) for q in label.quotes] == [(10, len(TEXT))]


def test_an_empty_text_is_absent() -> None:
    assert [label.verdict for label in judged("", BOOKS[:2])] == ["absent", "absent"]


def test_texts_are_counted_as_they_are_done() -> None:
    done: list[int] = []
    list(rules.make(Settings()).judge([TEXT, "", TEXT], BOOKS, done=done.append))
    assert done == [1, 1, 1]


def test_its_name_says_that_it_is_rules_and_its_key_depends_on_the_cues(monkeypatch) -> None:
    judge = rules.make(Settings())
    assert judge.name == "rules@1"
    before = judge.key
    monkeypatch.setattr(rules, "cue_names", lambda: ["verification"])
    assert judge.key != before


def test_a_behavior_without_cues_is_refused_with_what_to_do() -> None:
    judge = rules.make(Settings())
    why = judge.refuses(load_codebook("episode_analyze"))
    assert "has no cues for 'episode_analyze'" in why
    assert "--judge llm" in why
    assert judge.refuses(load_codebook("verification")) == ""


@pytest.mark.parametrize("name", cue_names())
def test_it_does_better_than_chance_on_the_examples_of_the_codebooks(name: str) -> None:
    # examples were written apart from the cues; a baseline misses many, but must tell something
    book = load_codebook(name)
    trace = [e for e in book.examples if not e.borderline]
    hits = {"present": [], "absent": []}
    for example in trace:
        labels = judged(example.text, [book])
        hits[example.verdict].append(any(label.verdict == "present" for label in labels))
    wrong = sum(not x for x in hits["present"]) + sum(hits["absent"])
    assert wrong <= len(trace) - 1, hits


def test_the_measured_quality_is_of_these_cues() -> None:
    assert all(q.current for q in qualities()), "measure again: python benchmarks/rules/measure.py --keep"
    assert "not measured against people" in qualities()[0].source
    assert measured("backward_chaining") is None


def test_measurements_are_consistent_with_their_limits() -> None:
    found = qualities()
    assert len(found) > 30
    for q in found:
        for value, low, high in (q.sensitivity, q.specificity):
            assert 0 <= low <= value <= high <= 1
        for (hits, n), value in ((q.found, q.sensitivity[0]), (q.left, q.specificity[0])):
            assert hits / n == pytest.approx(value, abs=0.02)
            assert n <= q.sentences


def test_the_measurement_can_be_made_again(root, shared_data) -> None:
    import importlib.util
    import sys
    import tomllib

    path = root / "benchmarks" / "rules" / "measure.py"
    spec = importlib.util.spec_from_file_location("measure_rules", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["measure_rules"] = module
    spec.loader.exec_module(module)
    mapping = tomllib.loads(path.with_name("mapping.toml").read_text("utf-8"))["behavior"]
    mapping = [entry for entry in mapping if entry["set"] == "math/ss" and entry["name"] != "self_checking"]
    traces = [t for t in module.traces(shared_data / "labels", development=False) if "math/ss" in t.codes]
    rows = module.measure(traces, mapping)
    kept = {(q.behavior, q.labels): q for q in qualities()}
    for row in rows:
        q = kept[row["behavior"], row["set"]]
        assert (row["sentences"], row["problems"]) == (q.sentences, q.problems)
        assert tuple(row["sensitivity"]) == q.sensitivity
        assert tuple(row["specificity"]) == q.specificity


def test_the_documentation_shows_the_measured_numbers(root) -> None:
    text = (root / "docs" / "agreement.md").read_text("utf-8")
    for q in {q.behavior: q for q in reversed(qualities())}.values():
        cells = [
            f"{value:.2f} [{low:.2f}, {high:.2f}]" for value, low, high in (q.sensitivity, q.specificity)
        ]
        assert f"| {q.behavior} | {q.labels}, {q.sentences:,} sentences" in text
        assert f"| {cells[0]} | {cells[1]} |" in text
