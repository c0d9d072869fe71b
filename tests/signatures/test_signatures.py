"""Each signature on traces made by hand: one that shows the sign, one that does not, and the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.errors import UnknownNameError
from reasonlens.core.tables import HEALTH
from reasonlens.signatures import ABOVE, BELOW, Tokens, Trace, excerpt, load, names
from reasonlens.signatures._ending import ends_mid_sentence, length
from reasonlens.signatures.abrupt_endings import settle as limit_of
from reasonlens.signatures.entropy_collapse import settle as forking_level
from reasonlens.signatures.rigid_steps import headers
from tests.signatures.making import seen

STEPS = "**Step 1:** We add 2 and 3.\n\n**Step 2:** We halve the sum.\n\nThe answer is 2.5."
TALK = "Step 1: add.\nStep 2: wait, that is wrong. Alternatively, halve it first."


def test_the_seven_signatures_are_found_by_their_file_names() -> None:
    assert names() == (
        "abrupt_endings",
        "answer_only",
        "entropy_collapse",
        "format_overfitting",
        "looping",
        "low_markers",
        "rigid_steps",
    )
    with pytest.raises(UnknownNameError, match=r"no signature is named 'loping'\. Did you mean 'looping'"):
        load("loping")


@pytest.mark.parametrize("name", names())
def test_every_signature_keeps_the_contract(name: str) -> None:
    module = load(name)
    assert module.TITLE
    assert len({m.name for m in module.MEASURES}) == len(module.MEASURES)
    for measure in module.MEASURES:
        assert measure.kind in ("share", "difference", "ratio", "against")
        assert measure.side in (ABOVE, BELOW)
        assert set(measure.without) <= set(HEALTH)
    assert set(seen(name, "Some text.", n_words=2)) == {m.name for m in module.MEASURES}
    assert hasattr(module, "prepare") == hasattr(module, "settle")


@pytest.mark.parametrize("name", names())
@given(
    response=st.text(max_size=300),
    gold=st.one_of(st.none(), st.text(max_size=20)),
    health=st.lists(st.sampled_from(HEALTH), unique=True).map(tuple),
    settled=st.floats(1, 1000) | st.just(float("nan")),
)
def test_any_trace_can_be_looked_at(
    name: str, response: str, gold: str | None, health: tuple[str, ...], settled: float
) -> None:
    for measure, found in seen(name, response, settled, gold=gold, health=health).items():
        kind = next(m.kind for m in load(name).MEASURES if m.name == measure)
        assert found.of >= 0
        assert found.of or found.why, "what is left out has a reason"
        assert len(found.quote) <= 300
        assert "\n" not in found.quote
        if kind == "share":
            assert found.x in (0, 1)
            assert not (found.quote and not found.x), "a quote is evidence of the sign"


def test_an_excerpt_is_one_line_of_at_most_100_characters() -> None:
    text = "a\nb " * 100
    assert excerpt(text) == " ".join("ab" * 25)
    assert excerpt(text, len(text), end=True) == " ".join("ab" * 25)
    assert excerpt("ab", 1, end=True) == "a"


# rigid_steps


def test_rigid_steps_are_numbered_and_without_a_marker() -> None:
    found = seen("rigid_steps", STEPS)["share"]
    assert (found.x, found.quote) == (
        1.0,
        "**Step 1:** We add 2 and 3. **Step 2:** We halve the sum. The answer is 2.5.",
    )
    assert seen("rigid_steps", TALK, hits={"anthropomorphic": 1, "alternatives": 1})["share"].x == 0
    assert seen("rigid_steps", STEPS, hits={"alternatives": 1})["share"].x == 0
    assert seen("rigid_steps", STEPS, hits={"logical_connectors": 5})["share"].x == 1
    assert seen("rigid_steps", "Step 1: only one.")["share"].x == 0
    assert seen("rigid_steps", "We add 2 and 3 and halve it.")["share"].x == 0


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("1. Add.\n2. Halve.", 2),
        ("1) Add.\n  2) Halve.", 2),
        ("### Step 1\n#### Step 2: x", 2),
        ("**1.** Add\n**Step 2**", 2),
        ("- Step 1: a\n- Step 2: b", 2),
        ("1.5 is more than\n2.5", 0),  # decimals
        ("In step 1 we add, in step 2", 0),  # not at the start of a line
        ("2024. A year", 0),  # too many digits for a step
        ("STEP 1\nstep 12:", 2),
        ("Stepping 1", 0),
    ],
)
def test_step_headers(text: str, n: int) -> None:
    assert len(headers(text)) == n


# abrupt_endings


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("so x is", True),
        ("so x is 2.", False),
        ("so x = 3 +", True),
        ("thus $x = 2$", False),
        ("\\[ x = 2 \\]", False),
        ("he said (yes)", False),
        ("the knight</answer>", False),  # an explicit end
        ("the knight<|im_end|>", False),
        ("the knight<｜end▁of▁sentence｜>", False),
        ("", False),
        ("我们完成了。", False),
    ],
)
def test_ends_mid_sentence(text: str, cut: bool) -> None:
    assert ends_mid_sentence(text) is cut


LONG = "We add the number of boxes again and again until we see"


@pytest.mark.parametrize(
    ("text", "fields", "x"),
    [
        (LONG, {}, 1),
        (f"{LONG}.", {}, 0),
        (f"{LONG}.", {"health": ("truncated",)}, 1),
        (f"{LONG}\n\nThe answer is 12", {}, 0),  # a final answer at the end
        (f"{LONG}\n\n\\boxed{{12}}", {}, 0),
        (f"\\boxed{{12}}\n\n{LONG * 8}", {}, 1),  # a final answer long before the end
        (f"{LONG}:\n- Zoey: knave", {}, 0),  # a list item needs no stop
    ],
)
def test_unfinished_texts_near_the_limit_are_seen(
    text: str, fields: dict[str, tuple[str, ...]], x: int
) -> None:
    near = length(Trace("t", response=text))
    assert seen("abrupt_endings", text, float(near), **fields)["at_limit"].x == x
    assert seen("abrupt_endings", text, 10.0 * near, **fields)["at_limit"].x == 0, "far from the limit"
    assert seen("abrupt_endings", text, float(near), **fields)["same_length"].of == x


def test_a_quote_has_the_end_of_the_text_and_the_finish_reason() -> None:
    found = seen("abrupt_endings", LONG, 1000.0, n_model_tokens=1000, finish="length")["at_limit"]
    assert found.quote == f"{LONG} (finish: length)"


def test_length_is_in_model_tokens_if_known_else_in_pieces() -> None:
    assert length(Trace("t", response="x = 12, so", n_model_tokens=99)) == 99
    assert length(Trace("t", response="x = 12, so")) == 6  # x, =, 1, 2, the comma, so
    assert length(Trace("t", response="a\n\n\nb")) == 3


def test_the_limit_is_where_most_unfinished_texts_end() -> None:
    assert limit_of({50.0: 3, 400.0: 1, 980.0: 2, 1000.0: 3, 1020.0: 2}) == 1000.0
    assert limit_of({100.0: 2, 1000.0: 2}) == 1000.0, "of equals the longest"
    assert limit_of({7.0: 1}) == 7.0
    assert math.isnan(limit_of({}))


@given(
    st.dictionaries(st.integers(1, 5000).map(float), st.integers(1, 9).map(float), min_size=1, max_size=40)
)
def test_the_limit_equals_a_slow_search(weights: dict[float, float]) -> None:
    best = max(sum(n for x, n in weights.items() if abs(x - m) <= 0.15 * m + 1e-9) for m in weights)
    limit = limit_of(weights)
    held = [
        sum(x * n for x, n in weights.items() if abs(x - m) <= 0.15 * m + 1e-9) / best
        for m in weights
        if sum(n for x, n in weights.items() if abs(x - m) <= 0.15 * m + 1e-9) == best
    ]
    assert any(math.isclose(limit, value) for value in held)


# answer_only


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("The answer is 12.", 1),
        ("\\boxed{12}", 1),
        ("12", 1),
        (
            "\\boxed{12}\n\nWe added 3 and 4 and 5, as the shelf has three rows of boxes.",
            1,
        ),  # told afterwards
        ("We have 8.1 + 4.2 + 0.33 = 12.53. The answer is (J).", 0),  # a calculation
        ("We add three, four and five boxes, which gives twelve. \\boxed{12}", 0),
        ("Shelf one holds three rows of boxes and shelf two holds none.", 0),
    ],
)
def test_answer_only(text: str, x: int) -> None:
    assert seen("answer_only", text)["share"].x == x


def test_withheld_reasoning_is_no_missing_reasoning() -> None:
    found = seen("answer_only", "12", think_rule="fields", health=("no_reasoning",))["share"]
    assert (found.of, found.why) == (0, "reasoning withheld or kept elsewhere")


# format_overfitting


@pytest.mark.parametrize(
    ("answer", "gold", "excess", "forced"),
    [
        ("\\boxed{3}", "\\frac{7}{2}", (1, 0), (1, 1)),
        ("\\boxed{\\frac{7}{2}}", "\\frac{7}{2}", (0, 0), (0, 1)),
        ("\\boxed{3}", "3", (1, 1), (0, 0)),
        ("\\boxed{3.5}", "3", (0, 1), (0, 0)),
        ("I do not know.", "\\frac{7}{2}", (0, 0), (0, 0)),
    ],
)
def test_integers_are_held_against_the_gold_answers(
    answer: str, gold: str, excess: tuple[int, int], forced: tuple[int, int]
) -> None:
    found = seen("format_overfitting", answer, gold=gold)
    assert (found["excess_integers"].x, found["excess_integers"].y) == excess
    assert (found["forced_integers"].x, found["forced_integers"].of) == forced


def test_what_cannot_be_held_against_a_gold_answer_says_why() -> None:
    assert seen("format_overfitting", "\\boxed{3}")["excess_integers"].why == "no gold answer"
    assert seen("format_overfitting", "Well.", gold="x")["forced_integers"].why == "no marked final answer"
    assert (
        seen("format_overfitting", "\\boxed{3}", gold="3")["forced_integers"].why
        == "the gold answer is an integer"
    )
    assert seen("format_overfitting", "\\boxed{3}", gold="x^2")["forced_integers"].quote == "3 (gold: x^2)"


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("So \\boxed{}.", 1),
        ("So \\boxed{ }", 1),
        ("So \\boxed{2}.", 0),
        ("\\boxed{} or \\boxed{2}", 0),
        ("So \\boxed{", 0),
    ],
)
def test_an_empty_box(text: str, x: int) -> None:
    assert seen("format_overfitting", text)["empty_box"].x == x


# looping, low_markers


def test_looping_is_the_health_flag_with_the_end_as_evidence() -> None:
    assert seen("looping", "x = 1. " * 300, health=("looping", "truncated"))["share"].x == 1
    assert seen("looping", "So. " + "x = 1. " * 300, health=("looping",))["share"].quote.endswith(
        "x = 1. x = 1."
    )
    assert seen("looping", "So.")["share"] == seen("looping", "So.", health=("truncated",))["share"]


def test_low_markers_counts_hits_and_words() -> None:
    found = seen("low_markers", "text", hits={"anthropomorphic": 3}, n_words=50)
    assert (found["anthropomorphic"].x, found["anthropomorphic"].of, found["anthropomorphic"].quote) == (
        3,
        50,
        "",
    )
    assert (found["logical_connectors"].x, found["logical_connectors"].quote) == (0, "text")
    assert seen("low_markers", "12", n_words=0)["anthropomorphic"].why == "no words"


# entropy_collapse


def tokens(entropy: list[float], words: list[bool]) -> Tokens:
    values = np.array(entropy)
    return Tokens(values, values - 0.1, values + 0.1, np.array(words), "'so'")


def test_entropy_is_summed_over_tokens() -> None:
    found = seen("entropy_collapse", settled=1.0, tokens=tokens([0.5, 1.5, 1.0], [True, True, False]))
    assert (found["mean"].x, found["mean"].of) == (3.0, 3.0)
    assert found["lower_bound"].x == pytest.approx(2.7)
    assert found["upper_bound"].x == pytest.approx(3.3)
    assert found["mean"].quote == "most uncertain: 'so'"


def test_forking_tokens_are_the_top_fifth_of_a_model() -> None:
    values = [0.01 * i for i in range(1, 101)]
    module = load("entropy_collapse")
    weights: dict[float, float] = {}
    for value, n in module.prepare(Trace("t", tokens=tokens(values, [False] * 100))):
        weights[value] = weights.get(value, 0) + n
    level = forking_level(weights)
    assert 0.80 <= level <= 0.815  # steps of 1%
    found = seen("entropy_collapse", settled=level, tokens=tokens(values, [i >= 90 for i in range(100)]))
    assert found["forking_words"].of == pytest.approx(20, abs=1)
    assert found["forking_words"].x == 10


def test_without_log_probabilities_the_row_says_so() -> None:
    found = seen("entropy_collapse", "So.")
    assert {x.why for x in found.values()} == {"no log-probabilities"}
    assert not any(x.of for x in found.values())
    assert load("entropy_collapse").prepare(Trace("t")) == []
    assert math.isnan(forking_level({}))
