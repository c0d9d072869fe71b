"""The judge that asks a language model: labels from answers, whatever the answers are."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.calls import Answer, Endpoint, Request, Sampling, request_key
from reasonlens.core.errors import InputError
from reasonlens.core.tables import LABEL_VERDICTS
from reasonlens.judges import Label, Settings, load_codebook, load_codebooks, sentences_of
from reasonlens.judges.llm import LlmJudge, make
from tests.judges.fake_models import Scripted, gullible, honest, read_question, scripted
from tests.judges.injections import HONEST, ORDERS

PAIR = load_codebooks(["verification", "backtracking"])
STEPS = load_codebooks(["thought_anchors"])
TEXT = "The sum is 12. Let me check: 3 + 9 = 12. Now go back to x. I check again: 9 + 3 = 12."


def judged(judge: Scripted, text: str = TEXT, **more: Any) -> list[Label]:
    (labels,) = judge.judge([text], PAIR, **more)
    return labels


def test_labels_have_quotes_with_places_counts_and_cost() -> None:
    verification, backtracking = judged(scripted())
    assert (verification.verdict, verification.count) == ("present", 2)
    assert [q.surface for q in verification.quotes] == ["check: 3 + 9 = 12.", "check again: 9 + 3 = 12."]
    assert all(TEXT[q.start : q.end] == q.surface for q in verification.quotes)
    assert (backtracking.verdict, backtracking.count) == ("present", 1)
    assert verification.cost + backtracking.cost == 0.25  # one question, paid once
    assert (verification.start, verification.end) == (0, len(TEXT))


def test_one_question_asks_for_several_behaviors_and_each_unit_has_its_own() -> None:
    judge = scripted()
    (labels,) = judge.judge([TEXT], [*PAIR, *STEPS])
    assert len(judge.asked) == 2
    spans = sentences_of(TEXT)
    assert len(labels) == 2 + 8 * len(spans)
    mine = [x for x in labels if x.behavior == "self_checking"]
    assert [(x.start, x.end) for x in mine] == spans
    assert [x.verdict for x in mine] == ["absent", "present", "absent", "present"]
    assert [x.count for x in mine] == [0, 1, 0, 1]
    assert sum(x.cost for x in labels) == pytest.approx(0.5)


def test_the_strategies_of_a_response_are_one_question() -> None:
    def by_cases(request: Request) -> Any:
        answer = honest(request)
        for name, one in answer["behaviors"].items():
            quotes = ["If x >= 0, then x = 3."] if name == "strategy_casework" else []
            one.update(quotes=quotes, verdict="present" if quotes else "absent")
        return answer

    judge = scripted(by_cases)
    books = load_codebooks(["strategies"])
    (labels,) = judge.judge(["If x >= 0, then x = 3. If x < 0, then x = -3. Two solutions."], books)
    (request,) = judge.asked
    assert sorted(read_question(request)[3]) == sorted(book.name for book in books)
    assert {x.behavior: x.count for x in labels if x.verdict == "present"} == {"strategy_casework": 1}
    assert [x.verdict for x in labels].count("absent") == 6


def test_many_behaviors_are_asked_for_eight_at_a_time() -> None:
    judge = scripted()
    whole = list(PAIR)
    more = [replace(whole[0], name=f"extra_{i}") for i in range(8)]
    (labels,) = judge.judge([TEXT], [*whole, *more])
    assert len(judge.asked) == 2
    assert len(labels) == 10
    assert {x.verdict for x in labels} == {"present"}


@given(st.lists(st.sampled_from([TEXT, "So 4.", "", "Check it. ", "  \n"]), max_size=6), st.booleans())
def test_answers_in_any_order_give_labels_in_the_order_of_texts(texts: list[str], backwards: bool) -> None:
    ticks: list[int] = []
    found = list(scripted(backwards=backwards).judge(texts, PAIR, done=ticks.append))
    assert [[x.verdict for x in labels] for labels in found] == [
        [x.verdict for x in next(iter(scripted().judge([text], PAIR)))] for text in texts
    ]
    assert sum(ticks) == sum(bool(text.strip()) for text in texts)


def test_an_empty_text_is_not_asked_about() -> None:
    judge = scripted()
    (labels,) = judge.judge(["  "], PAIR)
    assert judge.asked == []
    assert [(x.verdict, x.problem) for x in labels] == [("unclear", "the text is empty")] * 2


@pytest.mark.parametrize("state", ["refused", "unparsed", "failed"])
def test_what_was_not_answered_is_a_verdict_of_its_own(state: str) -> None:
    labels = judged(scripted(lambda request: Answer("k", state, problem="why not", cost=0.5)))
    assert [(x.verdict, x.problem, x.count) for x in labels] == [(state, "why not", 0)] * 2
    assert sum(x.cost for x in labels) == 0.5
    assert state in LABEL_VERDICTS


def test_a_prompt_that_was_cut_is_noticed_by_its_receipts() -> None:
    def headless(request: Request) -> Any:
        return {**honest(request), "receipt_rules": "unknown"}

    def tailless(request: Request) -> Any:
        return {**honest(request), "receipt_text": ""}

    for model, what in ((headless, "rules"), (tailless, "text")):
        labels = judged(scripted(model))
        assert {x.verdict for x in labels} == {"unparsed"}
        assert f"the receipt for the {what} did not come back" in labels[0].problem


def test_a_prompt_that_was_cut_is_noticed_by_its_tokens() -> None:
    def short(request: Request) -> Answer:
        return Answer("k", "ok", parsed=honest(request), prompt_tokens=100)

    labels = judged(scripted(short))
    assert {x.verdict for x in labels} == {"failed"}
    assert "the server used 100 tokens of a prompt of" in labels[0].problem


def test_an_answer_that_lacks_a_behavior_is_unparsed() -> None:
    def lazy(request: Request) -> Any:
        answer = honest(request)
        del answer["behaviors"]["backtracking"]
        return answer

    assert {x.verdict for x in judged(scripted(lazy))} == {"unparsed"}


def test_invented_quotes_are_kept_apart_and_do_not_count() -> None:
    def inventor(request: Request) -> Any:
        answer = honest(request)
        answer["behaviors"]["verification"]["quotes"].append("I also verified it with a computer program.")
        answer["behaviors"]["backtracking"]["quotes"] = ["Then I gave up on everything and began anew."]
        return answer

    verification, backtracking = judged(scripted(inventor))
    assert (verification.count, verification.n_unverified) == (2, 1)
    assert (backtracking.verdict, backtracking.problem) == ("unclear", "no quote is in the text")


def test_the_examples_of_the_rules_are_no_evidence_even_in_the_text() -> None:
    example = PAIR[0].examples[0].text

    def parrot(request: Request) -> Any:
        answer = honest(request)
        for one in answer["behaviors"].values():
            one.update(quotes=[example], verdict="present")
        return answer

    labels = judged(scripted(parrot), f"So 4. {example} Done.")
    assert [(x.verdict, x.n_unverified) for x in labels] == [("unclear", 1)] * 2


def test_a_long_text_is_asked_in_pieces_and_nothing_is_counted_twice() -> None:
    sentences = [f"Step {i} adds the number {i * 7} to the sum of before." for i in range(200)]
    for place in (3, 90, 91, 199):
        sentences[place] = f"Let me check the sum of step {place} once more."
    text = " ".join(sentences)
    judge = scripted(longest=2000, backwards=True)
    labels = judged(judge, text)
    assert len(judge.asked) > 5
    assert (labels[0].verdict, labels[0].count) == ("present", 4)
    assert [text[q.start : q.end] for q in labels[0].quotes] == [q.surface for q in labels[0].quotes]
    assert labels[1].verdict == "absent"
    assert sum(x.cost for x in labels) == pytest.approx(0.25 * len(judge.asked))
    shown = " ".join(read_question(request)[2] for request in judge.asked)
    assert all(sentence in shown for sentence in sentences)
    (steps,) = scripted(longest=2000).judge([text], STEPS[-2:])
    marked = [x for x in steps if x.behavior == STEPS[-2].name and x.verdict == "present"]
    assert [text[x.start : x.end] for x in marked] == [s for s in sentences if "check" in s]


def test_one_lost_piece_leaves_a_long_text_without_answer() -> None:
    text = " ".join(f"Let me check the number {i} again." for i in range(100))

    def flaky(request: Request) -> Any:
        lost = "piece 2 of" in request.messages[1][1]
        return Answer("k", "failed", problem="timeout") if lost else honest(request)

    label = judged(scripted(flaky, longest=1500), text)[0]
    assert (label.verdict, label.count) == ("failed", 0)
    assert label.problem.endswith("pieces: timeout")
    assert math.isnan(label.cost)


def test_a_full_list_of_quotes_says_that_there_may_be_more() -> None:
    text = " ".join(f"Let me check the number {i} again." for i in range(9))
    label = judged(scripted(most=9), text)[0]
    assert label.count == 9
    assert "9 quotes, the most that are asked for" in label.problem


@pytest.mark.parametrize(
    ("verdict", "quotes", "expected"),
    [
        ("absent", ["Let me check the sum."] * 3, ("absent", "called absent, with quotes")),
        ("absent", ["not in the text at all"] * 3, ("absent", "")),
        ("present", ["not in the text at all"] * 3, ("unclear", "no quote is in the text")),
        ("present", ["", " ", ""], ("unclear", "no quote is in the text")),
        ("absent", ["", " ", ""], ("absent", "")),
    ],
)
def test_a_full_list_is_no_sign_of_more_where_nothing_is_counted(
    verdict: str, quotes: list[str], expected: tuple[str, str]
) -> None:
    def model(request: Request) -> Any:
        answer = honest(request)
        for one in answer["behaviors"].values():
            one.update(quotes=quotes, verdict=verdict)
        return answer

    label = judged(scripted(model, most=3), "So 4. Let me check the sum. Done.")[0]
    assert (label.verdict, label.problem) == expected
    assert label.n_unverified == sum(q.found == "missing" for q in label.quotes) == ("not" in quotes[0])


def test_repeats_are_other_questions_and_the_same_question_has_one_key() -> None:
    judge = scripted()
    keys = [
        request_key(judge.endpoint, judge.sampling, request)
        for repeat in (0, 1, 0)
        for request in judge.requests([TEXT], PAIR, repeat=repeat)
    ]
    assert keys[0] == keys[2] != keys[1]
    changed = [replace(PAIR[0], version="2"), PAIR[1]]
    (other,) = judge.requests([TEXT], changed)
    assert (
        request_key(judge.endpoint, judge.sampling, other) == keys[0]
    )  # the version alone asks nothing anew
    (reworded,) = judge.requests([TEXT], [replace(PAIR[0], definition="x"), PAIR[1]])
    assert request_key(judge.endpoint, judge.sampling, reworded) != keys[0]


def test_openai_is_not_sent_lengths_and_other_servers_are() -> None:
    (request,) = scripted().requests([TEXT], PAIR)
    assert "maxLength" not in json.dumps(request.schema)
    own = replace(scripted(), endpoint=Endpoint(base_url="http://127.0.0.1:1/v1"))
    (request,) = own.requests([TEXT], PAIR)
    assert "maxLength" in json.dumps(request.schema)


def test_settings_make_a_judge() -> None:
    judge = make(Settings("m", Path("j"), {"base_url": "http://127.0.0.1:1/v1", "longest": 5000}))
    assert isinstance(judge, LlmJudge)
    assert (judge.name, judge.longest, judge.endpoint.base_url) == ("m", 5000, "http://127.0.0.1:1/v1")
    assert make(Settings(None, Path("j"))).name == "gpt-4o-2024-11-20"
    assert judge.refuses(PAIR[0]) == ""
    with pytest.raises(InputError, match="name a --study"):
        make(Settings("m"))
    with pytest.raises(InputError, match="longest is 5; it must be at least 1000"):
        make(Settings("m", Path("j"), {"longest": 5}))


def test_the_key_of_a_judge_changes_with_what_decides_on_answers() -> None:
    judge = make(Settings("m", Path("j")))
    others = [
        replace(judge, longest=5000),
        replace(judge, sampling=Sampling(temperature=1.0)),
        replace(judge, endpoint=replace(judge.endpoint, base_url="http://127.0.0.1:1/v1")),
        replace(judge, endpoint=replace(judge.endpoint, form="text")),
    ]
    assert len({judge.key, *(other.key for other in others)}) == 5
    assert replace(judge, journal=Path("elsewhere")).key == judge.key


# -- texts that try to steer the judge --------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDERS)
def test_an_honest_model_is_not_moved_and_the_label_says_what_was_there(name: str) -> None:
    label = judged(scripted(), f"{TEXT} {ORDERS[name]}")[0]
    assert (label.verdict, label.count) == ("present", 2)
    assert "the text speaks to its reader as a judge" in label.problem


def test_a_gullible_model_obeys_and_every_such_label_is_marked() -> None:
    """A model that obeys says absent, and no rule prevents it; but no such label passes unmarked."""
    obeyed = marked = fooled_present = 0
    for order in ORDERS.values():
        verification, backtracking = judged(scripted(gullible), f"{TEXT} {order}")
        obeyed += verification.verdict == "absent"
        marked += "speaks to its reader" in verification.problem
        fooled_present += backtracking.verdict == "present" and backtracking.count > 1
    assert obeyed == 9  # of the 12, all that order it to say absent
    assert marked == len(ORDERS)
    assert fooled_present == 0


def test_an_order_to_say_present_is_no_evidence_for_it() -> None:
    order = ORDERS["order to say present"]
    labels = judged(scripted(gullible), f"So 4. {order}")
    assert [x.verdict for x in labels] == ["unclear", "unclear"]
    assert all(q.found == "rejected" for x in labels for q in x.quotes)


def test_ordinary_sentences_move_nothing() -> None:
    for sentence in HONEST:
        plain = judged(scripted(gullible), f"{TEXT} Next line.")
        benign = judged(scripted(gullible), f"{TEXT} {sentence.replace('check', 'test')}")
        assert [(x.verdict, x.count, x.problem) for x in benign] == [
            (x.verdict, x.count, x.problem) for x in plain
        ]


def test_a_copied_receipt_in_a_text_does_not_stand_in_for_the_real_one() -> None:
    judge = scripted()
    (earlier,) = judge.requests([TEXT], PAIR)
    rules, text, _, _ = read_question(earlier)

    def copyist(request: Request) -> Any:
        """Answer with the receipts that the text offers."""
        return {**honest(request), "receipt_rules": rules, "receipt_text": text}

    hostile = f"{TEXT} receipt_rules {rules}, receipt_text {text}"
    labels = judged(scripted(copyist), hostile)
    assert {x.verdict for x in labels} == {"unparsed"}


VALUES = st.recursive(
    st.none()
    | st.integers(-3, 99)
    | st.text(max_size=12)
    | st.sampled_from(["present", "absent", TEXT[:20]]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["quotes", "sentences", "why", "verdict", "behaviors"]), inner)
    ),
    max_leaves=10,
)


@given(st.fixed_dictionaries({"verification": VALUES, "backtracking": VALUES}))
def test_whatever_comes_back_every_behavior_has_one_label(found: dict[str, Any]) -> None:
    def wild(request: Request) -> Any:
        return {**honest(request), "behaviors": found}

    labels = judged(scripted(wild))
    assert [x.behavior for x in labels] == ["verification", "backtracking"]
    for label in labels:
        assert label.verdict in LABEL_VERDICTS
        assert label.verdict != "present" or label.count > 0


def test_a_codebook_of_ones_own_is_asked_like_any_other() -> None:
    mine = replace(load_codebook("verification"), name="mine", status="user")
    (labels,) = scripted().judge([TEXT], [mine])
    assert [(x.behavior, x.verdict) for x in labels] == [("mine", "present")]
