"""The fake model's habits are as stated, so that an experiment can be checked against them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from reasonlens.backends import GenerationRequest, SamplingParams, connect
from reasonlens.backends.fake import MARKERS, SUBSTITUTES, FakeBackend
from reasonlens.core.errors import InputError
from tests.backends.stub_ban import StubBan

ANSWERS = {f"What is {i} plus {i}?": str(2 * i) for i in range(40)}
SAMPLING = SamplingParams()


def draw(model: FakeBackend, ban: StubBan | None = None, k: int = 25) -> list[tuple[str, str]]:
    """Return (problem, text) of k samples per problem."""
    asked = {f"{q}/{s}": (q, s) for q in ANSWERS for s in range(k)}
    requests = [GenerationRequest(name, f"Q: {q} A:", s, ban) for name, (q, s) in asked.items()]
    return [(asked[c.request_id][0], c.text) for c in model.generate(requests, SAMPLING)]


def right(drawn: list[tuple[str, str]]) -> list[bool]:
    return [text.endswith(f"\\boxed{{{ANSWERS[q]}}}.") for q, text in drawn]


def rate(word: str, drawn: list[tuple[str, str]]) -> float:
    return sum(len(re.findall(rf"\b{word}\b", text, re.I)) for _, text in drawn) / len(drawn)


def test_accuracy_is_what_p_correct_says() -> None:
    model = FakeBackend("m", answers=ANSWERS, accuracy=0.6, spread=0.3, effect=0.2)
    drawn = draw(model)
    truth = sum(model.p_correct(f"Q: {q} A:") for q in ANSWERS) / len(ANSWERS)
    assert abs(truth - 0.6) < 0.1
    assert sum(right(drawn)) / len(drawn) == pytest.approx(truth, abs=0.05)


@pytest.mark.parametrize(
    ("words", "drop"),
    [(MARKERS, 0.2), (("wait", "But"), 0.1), (("wait",), 0.05), (("thus", "then"), 0.0), (("xyzzy",), 0.0)],
)
def test_a_ban_costs_its_share_of_the_markers(words: tuple[str, ...], drop: float) -> None:
    model = FakeBackend("m", answers=ANSWERS, accuracy=0.6, spread=0.2, effect=0.2)
    prompt = "Q: What is 3 plus 3? A:"
    assert model.p_correct(prompt) - model.p_correct(prompt, words) == pytest.approx(drop)
    plain, banned = right(draw(model)), right(draw(model, StubBan(words)))
    assert (sum(plain) - sum(banned)) / len(plain) == pytest.approx(drop, abs=0.045)
    assert not any(b and not p for p, b in zip(plain, banned, strict=True)), "the luck is shared"


def test_markers_are_frequent_and_a_ban_takes_every_one() -> None:
    model = FakeBackend("m", answers=ANSWERS, compensation=0.0)
    plain, banned = draw(model), draw(model, StubBan(("wait", "perhaps", "let me check")))
    assert all(rate(word, plain) > 0.3 for word in MARKERS)
    assert rate("wait", banned) == rate("perhaps", banned) == rate(r"let\s+me\s+check", banned) == 0
    assert rate("but", banned) == rate("but", plain)
    assert rate("await", banned) == rate("await", plain) > 0.05


def test_what_was_taken_comes_back_as_far_as_it_compensates() -> None:
    model = FakeBackend("m", answers=ANSWERS, compensation=0.4)
    plain, banned = draw(model), draw(model, StubBan(MARKERS))
    for marker, other in SUBSTITUTES.items():
        back = (rate(other, banned) - rate(other, plain)) / rate(marker, plain)
        assert back == pytest.approx(0.4, abs=0.08), marker
    both = draw(model, StubBan((*MARKERS, "hmm", "however")))
    assert rate("hmm", both) == rate("however", both) == 0


def test_a_repeat_with_other_seeds_differs_in_luck_alone() -> None:
    model = FakeBackend("m", answers=ANSWERS)
    requests = [GenerationRequest(f"{s}", "Q: What is 3 plus 3? A:", s) for s in range(400)]
    texts = [c.text for c in model.generate(requests, SAMPLING)]
    assert len(set(texts)) > 390
    wrong = Counter(text.rpartition("boxed{")[2][:-2] for text in texts)
    assert wrong["6"] == pytest.approx(400 * model.p_correct("Q: What is 3 plus 3? A:"), abs=50)
    assert wrong["7"] > wrong["16"] > 0, "some wrong answers are commoner than others"


def test_a_prompt_that_opened_the_thought_is_not_opened_again() -> None:
    (plain,) = connect("fake", "m").generate([GenerationRequest("a", "Q", 1)], SAMPLING)
    (opened,) = connect("fake", "m").generate([GenerationRequest("a", "Q <think>\n", 1)], SAMPLING)
    assert plain.text.startswith("<think>\n")
    assert not opened.text.startswith("<think>")


def test_logprobs_are_probabilities() -> None:
    (found,) = connect("fake", "m").generate([GenerationRequest("a", "Q", 1)], SamplingParams(logprobs=3))
    assert found.logprobs is not None
    assert {len(row) for row in found.logprobs.top} == {3}
    assert len(found.logprobs.top) == len(found.logprobs.drawn) == found.n_tokens


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accuracy": 1.2}, "accuracy is a share between 0 and 1, not 1.2"),
        ({"effect": 2}, "effect is between -1 and 1, not 2"),
        ({"accuracys": 1}, "the backend 'fake' has no option 'accuracys'; it has answers, accuracy, spread"),
    ],
)
def test_mistaken_options_are_said(options: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        connect("fake", "m", **options)
