"""Mathematics: a golden set, math-verify's known mistakes, and hostile expressions that harm nothing."""

from __future__ import annotations

import sys

import pytest

from reasonlens.graders import Grade, Limits, Pair, math, pair_of
from reasonlens.graders._workers import Workers

LIMITS = Limits(seconds=2.0)

GOLDEN = [
    # answer, gold, verdict
    (r"2\sqrt{2}", r"\sqrt{8}", "correct"),
    (r"\frac{\sqrt{3}}{3}", r"\frac{1}{\sqrt{3}}", "correct"),
    ("x+1", "1+x", "correct"),
    (r"(x-1)(x+1)", "x^2-1", "correct"),
    (r"x^2-2x+2", "(x)=x^2-2x+2", "correct"),
    (r"-\frac{3}{2}, 0, -1", r"0,-1,-\frac{3}{2}", "correct"),
    (r"\{1, 2\}", r"\{2, 1\}", "correct"),
    ("(1, 2)", "(2, 1)", "incorrect"),
    (r"x \ge 1", r"[1,\infty)", "correct"),
    (r"\sqrt{161}", r"\sqrt{66}", "incorrect"),
    (r"3\sqrt{41} + 1", r"2\sqrt{113}", "incorrect"),
    (r"\pi/4", r"\frac{\pi}{4}", "correct"),
    ("f(x) = x", "f(x)=x,f(x)=2-x", "incorrect"),
    (r"35 + 70 = 105", "105", "correct"),
    (r"1\,024", "1024", "correct"),
    ("E_1, E_2", "E_{1},E_{2}", "correct"),
    # what math-verify 0.9.0 gets wrong
    (r"\frac{1}{2006!}", r"\frac{1}{2004!}", "incorrect"),
    (r"\frac{1}{2^{98}}", r"\frac{1}{2^{99}}", "incorrect"),
    (r"1,3,5,\ldots,2n-1", r"1,2,\ldots,n", "ungradable"),
    ("3x+4y+14=0", "3*x-1*y+13=0", "incorrect"),
    (r"\sum_{n=1}^{10^{9}} \frac{1}{n^n}", "1", "incorrect"),
    # no expression at all
    (r"\text{there is none}", "7", "incorrect"),
]


def graded(pairs: list[tuple[str, str]], limits: Limits = LIMITS) -> list[Grade]:
    return math.grade([Pair(answer, "boxed", gold) for answer, gold in pairs], limits)


def test_the_golden_set() -> None:
    found = graded([(answer, gold) for answer, gold, _ in GOLDEN])
    wrong = [
        (answer, gold, grade.verdict, grade.why)
        for (answer, gold, verdict), grade in zip(GOLDEN, found, strict=True)
        if grade.verdict != verdict and not (verdict == "incorrect" and grade.verdict == "ungradable")
    ]
    assert wrong == []
    assert [g.verdict for g, (*_, v) in zip(found, GOLDEN, strict=True) if v == "correct"].count(
        "correct"
    ) == sum(v == "correct" for *_, v in GOLDEN)


HOSTILE = [
    "9" * 1900,
    "2^{10^{10^{10}}}",
    "10^{10^9}!",
    "(" * 200 + "x" + ")" * 200,
    r"\frac{" * 60 + "1" + "}{2}" * 60,
    "(x+y+z+w)^{60}",
    r"\gcd(2^{100000000}-1, 3)",
    r"2^{10^9} = 1",
    r"\int_0^1 x^{x^{x^{x}}} dx",
    r"\sum_{n=1}^{10^{9}} \frac{1}{n^n}",
    ",".join(str(i) for i in range(450)),
    "{" * 50,
    r"\boxed{\boxed{\boxed{1}}}",
    r"\lim_{x \to 0} \frac{\sin(\sin(\sin(\sin(x))))}{x}",
]


def test_hostile_expressions_end_in_a_verdict_and_are_never_right() -> None:
    found = graded([(text, "1") for text in HOSTILE if text != HOSTILE[-2]], Limits(seconds=1.0, jobs=2))
    assert len(found) == len(HOSTILE) - 1
    assert {g.verdict for g in found} <= {"incorrect", "ungradable", "correct"}
    by_text = dict(zip([t for t in HOSTILE if t != HOSTILE[-2]], found, strict=True))
    assert by_text[r"2^{10^9} = 1"].verdict != "correct"
    assert by_text["9" * 1900].verdict == "incorrect"
    assert by_text["2^{10^{10^{10}}}"].verdict != "correct"


STUB = """
import sys, time
print('["ready", ""]', flush=True)
for line in sys.stdin:
    if "hang" in line:
        time.sleep(60)
    if "die" in line:
        sys.exit(9)
    print('["correct", "x"]', flush=True)
"""


def test_a_comparison_that_hangs_is_killed_and_the_rest_goes_on() -> None:
    with Workers(1, 1.0, 4 * 2**30) as workers:
        workers._command = [sys.executable, "-c", STUB]
        workers._limit = 0.5
        found = dict(workers.run([("hang", "1"), ("fine", "1"), ("hang", "2")]))
    assert found == {
        0: ("ungradable", "killed after 0.5 s"),
        1: ("correct", "x"),
        2: ("ungradable", "killed after 0.5 s"),
    }


def test_a_process_that_dies_is_replaced() -> None:
    with Workers(1, 1.0, 4 * 2**30) as workers:
        workers._command = [sys.executable, "-c", STUB]
        found = dict(workers.run([("die", "1"), ("fine", "1")]))
    assert found[0] == ("ungradable", "the comparing process died, most likely for want of memory")
    assert found[1] == ("correct", "x")


def test_equal_pairs_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[tuple[str, str]]] = []

    def compared(keys: list[tuple[str, str]], limits: Limits) -> list[object]:
        asked.append(keys)
        return [(key, ("correct", "algebra")) for key in keys]

    monkeypatch.setattr(math, "_compared", compared)
    found = graded([("x+1", "1+x")] * 50 + [("$x+1$", "1+x")] * 50)
    assert asked == [[("x+1", "1+x")]]
    assert {g.verdict for g in found} == {"correct"}


@pytest.mark.parametrize(
    ("pair", "verdict"),
    [
        (Pair(None, "", "5"), "no_answer"),
        (Pair(None, "", "5", truncated=True), "truncated"),
        (Pair("5", "boxed", None), "no_gold"),
        (Pair("5", "boxed", "  "), "no_gold"),
        (Pair("x" * 3000, "boxed", "y"), "ungradable"),
    ],
)
def test_what_cannot_be_compared_has_its_own_verdict(pair: Pair, verdict: str) -> None:
    assert math.grade([pair], LIMITS)[0].verdict == verdict


def test_the_last_number_of_a_text_that_was_cut_off_is_no_answer() -> None:
    text = "First 3 + 4 = 7. Then we take 12 more. So there are 19."
    assert pair_of(text, "", "19", truncated=False).answer == "19"
    assert pair_of(text, "", "19", truncated=False).method == "conclusion"
    assert pair_of(text, "", "19", truncated=True).answer is None
    assert pair_of("Then we take 12 more, so", "", "12", truncated=False).answer is None
    assert pair_of(r"so \boxed{19", "", "19", truncated=False).answer is None


def test_the_answer_part_goes_first() -> None:
    found = pair_of(r"<think>\boxed{3}</think> It is \boxed{4}.", r"It is \boxed{4}.", "4", truncated=False)
    assert (found.answer, found.method) == ("4", "boxed")
    found = pair_of(r"<think>so \boxed{3}</think> Done.", "Done.", "3", truncated=False)
    assert found.answer == "3"
