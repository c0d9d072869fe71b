"""Health flags, and what counts as a loop."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reasonlens.core.tables import HEALTH
from reasonlens.text.health import flags, is_looping, repeated_share, tail_variety
from reasonlens.text.think import split

PROSE = (
    "Okay, the gardener has three beds and wants the same number of tulips in each of them. "
    "That means the total must be a multiple of three, so 47 bulbs cannot work out evenly. "
    "Wait, the question only asks how many are left over, which is the remainder. "
    "Fifteen in each bed uses forty-five of the bulbs, and two stay in the basket. "
    "Let me check this another way: the digits of 47 add up to eleven, and eleven is two more "
    "than a multiple of three. Both ways agree, so the remainder has to be two. "
)


def _flags(
    response: str,
    *,
    finish: str | None = None,
    closed: bool = True,
    rule: str = "none",
    withheld: bool = False,
) -> list[str]:
    return flags(
        reasoning=response,
        answer="",
        response=response,
        finish=finish,
        rule=rule,
        closed=closed,
        withheld=withheld,
    )


@pytest.mark.parametrize(
    "finish", ["length", "LENGTH", " max_tokens", "model_length", "incomplete", "content_filter", "abort"]
)
def test_a_limit_truncates(finish: str) -> None:
    assert _flags("So 4.", finish=finish) == ["truncated"]


@pytest.mark.parametrize("finish", ["stop", "eos", "end_turn", "tool_calls"])
@pytest.mark.parametrize("closed", [True, False])
def test_a_known_end_is_believed(finish: str, closed: bool) -> None:
    assert _flags("So 4.", finish=finish, closed=closed) == []


@pytest.mark.parametrize("finish", [None, "", "unknown", "None"])
def test_without_a_known_end_an_open_thought_shows_the_cut(finish: str | None) -> None:
    assert _flags("So we take", finish=finish, closed=False, rule="open_tag_only") == ["truncated"]
    assert _flags("So we take", finish=finish) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"Thus \[ \boxed{\frac{1}{2}} \]", []),
        (r"Thus $\boxed{4}$. I am sure of it.", []),
        (r"It may be \boxed{4}, but let me check the other case as well, where", ["truncated"]),
        (r"Thus \boxed{\frac{1}", ["truncated"]),
        (r"Thus \boxed", ["truncated"]),
    ],
)
def test_an_open_thought_that_ends_in_a_boxed_answer_is_not_cut(text: str, expected: list[str]) -> None:
    assert _flags(text, closed=False, rule="open_tag_only") == expected


def test_a_thought_field_without_an_answer_is_cut() -> None:
    parts = {"reasoning": "We add", "answer": "", "response": "We add", "closed": True}
    assert flags(**parts, finish=None, rule="fields") == ["truncated"]  # type: ignore[arg-type]
    assert flags(**parts, finish="stop", rule="fields") == []  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", " \n\t", "\u2003"])
def test_empty(text: str) -> None:
    assert _flags(text) == ["empty"]
    assert _flags(text, finish="length") == ["truncated", "empty"]
    assert _flags(text, withheld=True) == ["empty", "no_reasoning"]


def test_no_reasoning() -> None:
    parts = split("<think>\n\n</think>\n4")
    found = flags(
        reasoning=parts.reasoning,
        answer=parts.answer,
        response="<think>\n\n</think>\n4",
        finish=None,
        rule=parts.rule,
        closed=parts.closed,
    )
    assert found == ["no_reasoning"]
    assert _flags("So 4.", withheld=True) == ["no_reasoning"]


def test_parts_count_when_the_response_holds_less() -> None:
    loop = "Let me try again with the other case. " * 60
    assert flags(reasoning=loop, answer="4", response="4", finish="stop", rule="fields", closed=True) == [
        "looping"
    ]
    assert flags(reasoning=loop, answer="4", response="", finish="stop", rule="fields", closed=True) == [
        "looping"
    ]


def test_a_long_answer_does_not_hide_a_loop_in_the_thought() -> None:
    loop = "Let me try again with the other case. " * 150
    parts = split(f"<think>{loop}</think>{PROSE * 3}")
    found = flags(
        reasoning=parts.reasoning,
        answer=parts.answer,
        response=f"<think>{loop}</think>{PROSE * 3}",
        finish="stop",
        rule=parts.rule,
        closed=parts.closed,
    )
    assert found == ["looping"]
    assert not is_looping(PROSE * 3)


def test_flags_keep_the_order_of_the_table() -> None:
    found = _flags("Let me try again. " * 100, finish="length", withheld=True)
    assert found == ["truncated", "no_reasoning", "looping"] == [flag for flag in HEALTH if flag in found]


LOOPS = {
    "one sentence": PROSE + "The answer is 12. " * 100,
    "no spaces": PROSE + r"43\times\frac{10}{86}=" * 60,
    "one character": "Thus" + "!" * 1500,
    "a counter": PROSE + "".join(f"For n = {n} the sum is not a square. " for n in range(100)),
    "a growing number": PROSE
    + "".join(f"After month {n} there are {3**n} mice in the barn. " for n in range(60)),
    "numbered lines": PROSE + "\n".join(f"\\boxed{{{n}}}" for n in range(400)),
    "a paragraph": PROSE
    + "Wait, no. That cannot be right, because the beds differ in size.\n\nLet me redo it.\n\n" * 30,
    "a paragraph with small changes": PROSE
    + "".join(
        f"Hmm, attempt {n}: take the {'first' if n % 3 else 'second'} bed and count again from the left.\n"
        for n in range(80)
    ),
    "code": PROSE + "```python\nfor i in range(10):\n    total += i\nprint(total)\n```\n" * 40,
    "a long period": "\n".join([PROSE + f" Part {n} of the plan stays as it was." for n in range(8)] * 5),
    "a long period on one line": "".join(f"{sentence}. " for sentence in PROSE.split(". ") * 9),
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops(name: str) -> None:
    assert is_looping(LOOPS[name])


NO_LOOPS = {
    "nothing": "",
    "ordinary prose": PROSE,
    "prose twice": PROSE + "\n\nNow the second approach.\n\n" + PROSE,
    "a short text": "The answer is 12. " * 20,
    "an enumeration": PROSE + "".join(f"{n}^2 = {n * n}\n" for n in range(1, 26)),
    "a table": PROSE
    + "| n | square | cube |\n|---|---|---|\n"
    + "".join(f"| {n} | {n**2} | {n**3} |\n" for n in range(1, 41)),
    "options": PROSE
    + "\n".join(f"({letter}) The ratio of areas is {n} to {n + 3}." for n, letter in enumerate("ABCDEFGHIJ")),
    "a long list of pairs": ", ".join(f"({a}, {b})" for a in range(1, 18) for b in range(a, 18, a)),
    "a checked list in a long answer": PROSE
    + "".join(f"{n} leaves {n % 7} when divided by 7. " for n in range(30, 45))
    + PROSE,
}


@pytest.mark.parametrize("name", NO_LOOPS)
def test_no_loops(name: str) -> None:
    assert not is_looping(NO_LOOPS[name])


def test_tail_variety_is_the_share_of_distinct_pieces() -> None:
    assert tail_variety("abcdefgh") == 1.0
    assert tail_variety("a" * 17) == pytest.approx(1 / 10)
    assert tail_variety("ab" * 1000) == pytest.approx(2 / 1993)
    assert tail_variety("short") == 1.0
    assert tail_variety("12 34 567 89 0 12 3", numbers=False) == pytest.approx(2 / 6)  # "0 0 0 0 0 0 0"


def test_repeated_share_counts_characters_of_later_copies() -> None:
    line = "a line of exactly thirty chars"
    assert len(line) == 30
    assert repeated_share(
        f"{line}\n{line}\n{line}\nanother line that has forty characters..\n"
    ) == pytest.approx(60 / 130)
    assert repeated_share("short\nshort\n") == 0.0


@given(st.text(min_size=1, max_size=150), st.text(max_size=400))
def test_anything_repeated_often_is_a_loop(unit: str, before: str) -> None:
    assert is_looping(before + unit * (4_000 // len(unit) + 1))


@given(st.text(max_size=3000), st.sampled_from([None, "stop", "length", "?"]), st.booleans(), st.booleans())
def test_flags_never_fail_and_are_known(text: str, finish: str | None, closed: bool, withheld: bool) -> None:
    found = _flags(text, finish=finish, closed=closed, withheld=withheld)
    assert found == [flag for flag in HEALTH if flag in found]


def _repeats(text: str) -> bool:
    """The signs of the tail, as `reasonlens.text.health` says them, by sets of strings."""
    tail = text[-2000:]
    frame = re.sub(r"\d+", "0", tail)
    for letters, least in ((tail, 0.30), (frame, 0.10)):
        pieces = [letters[i : i + 8] for i in range(len(letters) - 7)]
        if pieces and len(set(pieces)) < least * len(pieces):
            return True
    return False


@given(
    st.lists(st.text("ab01é٣ \n", min_size=1, max_size=12), min_size=1, max_size=60),
    st.integers(1, 40),
    st.integers(1000, 3500),
)
def test_the_signs_of_the_tail_are_those_of_the_definition(units: list[str], step: int, length: int) -> None:
    order = [units[(i * step + i // len(units)) % len(units)] for i in range(length)]
    text = "".join(order)[:length]  # under 4,000 characters, so that only the tail decides
    assert is_looping(text) == (len(text) >= 1000 and _repeats(text))


@given(st.permutations([sentence + ". " for sentence in PROSE.split(". ")]))
def test_prose_is_no_loop_in_any_order(sentences: list[str]) -> None:
    assert not is_looping("".join(sentences) * 2)


# Flagged traces per kind: (looping, truncated, all). The counts were read against the texts.
PUBLISHED = {
    "base": (320, 0, 3861),
    "zero_rl": (0, 0, 200),
    "rl_instruct": (44, 61, 2336),
    "instruct": (63, 0, 3812),
    "distilled": (132, 242, 2292),
    "teacher": (0, 0, 1268),
}


def test_flags_on_published_traces(shared_data: Path) -> None:
    found: dict[str, Counter[str]] = {kind: Counter() for kind in PUBLISHED}
    for path in sorted((shared_data / "traces").glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                parts = split(row["response"], prompt=row.get("prompt"))
                health = flags(
                    reasoning=parts.reasoning,
                    answer=parts.answer,
                    response=row["response"],
                    finish=None,
                    rule=parts.rule,
                    closed=parts.closed,
                )
                found[row["model_kind"]].update([*health, "all"])
    assert {k: (c["looping"], c["truncated"], c["all"]) for k, c in found.items()} == PUBLISHED
    assert not any(c["empty"] or c["no_reasoning"] for c in found.values())
