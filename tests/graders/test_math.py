"""Mathematics: a golden set, math-verify's known mistakes, and hostile expressions that harm nothing."""

from __future__ import annotations

import sys
from pathlib import Path

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
    ("x^2", "2x", "incorrect"),
    ("6r^2+4r-24", "6r^2-4r-24", "incorrect"),
    (r"x^2-2x+2", "(x)=x^2-2x+2", "correct"),
    (r"\sqrt{161}", r"\sqrt{66}", "incorrect"),
    (r"3\sqrt{41} + 1", r"2\sqrt{113}", "incorrect"),
    (r"\pi/4", r"\frac{\pi}{4}", "correct"),
    ("2 pi", r"2\pi", "correct"),
    ("3.14", r"\pi", "incorrect"),
    ("10!", "3628800", "correct"),
    (r"\frac{(2n)!}{n!n!}", r"\binom{2n}{n}", "correct"),
    ("1.5e-7", "1.6e-7", "incorrect"),
    (r"1.5\times 10^{-7}x", r"1.6\times 10^{-7}x", "incorrect"),
    (r"1\,024", "1024", "correct"),
    ("E_1, E_2", "E_{1},E_{2}", "correct"),
    ("0.707c", r"\frac{1}{\sqrt{2}}c", "incorrect"),
    (r"-\frac{1}{2\sqrt{x}}", r"-\frac{1}{2}X^{-\frac{1}{2}}", "correct"),
    # sets, points, intervals
    (r"-\frac{3}{2}, 0, -1", r"0,-1,-\frac{3}{2}", "correct"),
    (r"\{1, 2\}", r"\{2, 1\}", "correct"),
    ("(1, 2)", "(2, 1)", "incorrect"),
    (r"(0, 1), (1, 0)", "(1,0),(0,1)", "correct"),
    (r"\pm 1, \pm 7", "1,-1,7,-7", "correct"),
    (r"x=2 \text{ or } x=-2", "2,-2", "correct"),
    (r"8 \text{ and } \frac{1}{\sqrt[3]{4}}", "2^{-2/3},8", "correct"),
    ("(1, 1006), (3, 331)", "(1,1006),(3,331),(11,31)", "incorrect"),
    (r"x \ge 1", r"[1,\infty)", "correct"),
    ("2<x<5", "(2,5)", "correct"),
    (r"2 \leq x \leq 5", "[2,5]", "correct"),
    (r"[2, \infty)", r"(2,\infty)", "incorrect"),
    (r"(0,1) \cup (2,3)", r"(2,3)\cup(0,1)", "correct"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{bmatrix}1\\2\end{bmatrix}", "correct"),
    (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\3\end{pmatrix}", "incorrect"),
    # equations
    ("f(x) = x", "f(x)=x,f(x)=2-x", "incorrect"),
    (r"35 + 70 = 105", "105", "correct"),
    (r"35 + 80 = 105", "105", "incorrect"),
    ("y=2x+1", "2x+1", "correct"),
    ("y-2x-1=0", "y=2x+1", "correct"),
    ("3x+4y+14=0", "3*x-1*y+13=0", "incorrect"),
    (r"\dfrac{V_o(s)}{V_i(s)} = \dfrac{1}{L s + 1}", r"\frac{1}{Ls+1}", "correct"),
    (r"\frac{dM}{dt} = \frac{10^8 L}{7 c^2} M", r"\frac{dM}{dt}=\frac{10^{5}L}{0.007c^{2}}M", "correct"),
    # commands that lost their space, units, conditions
    (r"x_0 \cos(\omega t)", r"x_{0}\cos(\omegat)", "correct"),
    (r"7.0 \times 10^{37} \, \text{erg} \cdot \text{s}^{-1}", "7e37", "correct"),
    (r"A = \frac{1}{4 - w^2}, \quad \text{for } w^2 \neq 4", r"\frac{1}{4-w^{2}}", "correct"),
    (r"\arcsin\left(\frac{1}{1.3}\right)", "np.arcsin(10/13)", "correct"),
    # what math-verify 0.9.0 calls different and is not
    (r"\frac{1}{\sqrt{n}}", r"\sqrt{1/n}", "correct"),
    (r"\tau \ln(1/\Delta)", r"-\tau\ln\Delta", "correct"),
    (r"\frac{2A(1-i)}{3}e^{it}", r"\frac{4A}{3+3i}e^{it}", "correct"),
    (r"\frac{\sinh(at)}{a}", r"\frac{1}{2a}(\exp{a*t}-\exp{-a*t})", "correct"),
    (r"e^{i\pi}", "-1", "correct"),
    (r"e^{i\pi/2}", "-1", "incorrect"),
    (r"\sin 30^\circ", "0.5", "correct"),
    (r"\tan 15^{\circ}", r"2-\sqrt{3}", "correct"),
    (r"\sin 30^\circ", r"\sin 30", "incorrect"),
    (r"\sin(x+30^\circ)", r"\sin(30^\circ+x)", "correct"),
    (r"\varnothing", r"\emptyset", "correct"),
    (r"\sqrt{x^2}", "x", "incorrect"),
    ("|x|", "x", "incorrect"),
    # what it calls equal and is not
    (r"\frac{1}{2006!}", r"\frac{1}{2004!}", "incorrect"),
    (r"\frac{1}{2^{98}}", r"\frac{1}{2^{99}}", "incorrect"),
    (r"1,3,5,\ldots,2n-1", r"1,2,\ldots,n", "ungradable"),
    (r"\sum_{n=1}^{10^{9}} \frac{1}{n^n}", "1", "incorrect"),
    (r"2^{10} = 1", "1", "incorrect"),
    ("2t", "2", "incorrect"),
    ("3m", "3", "incorrect"),
    (r"y' = y", "y = y''", "incorrect"),
    ("seat", "east", "incorrect"),
    ("204_7", "204_5", "incorrect"),
    ("(1, 2)", r"\{1, 2\}", "incorrect"),
    # no expression at all
    (r"\text{there is none}", "7", "incorrect"),
    ("", "7", "no_answer"),
]


def graded(pairs: list[tuple[str, str]], limits: Limits = LIMITS) -> list[Grade]:
    return math.grade([Pair(answer, "boxed", gold) for answer, gold in pairs], limits)


def test_the_golden_set() -> None:
    pairs = [Pair(answer or None, "boxed", gold) for answer, gold, _ in GOLDEN]
    found = math.grade(pairs, Limits(seconds=5.0, jobs=2))
    wrong = [
        (answer, gold, verdict, grade.verdict, grade.why)
        for (answer, gold, verdict), grade in zip(GOLDEN, found, strict=True)
        if grade.verdict != verdict
    ]
    assert wrong == []


HOSTILE = [
    # each of these must end in a verdict, within its limits, and not be right
    "9" * 1900,
    "9" * 1_000_000,
    "a" * 1_000_000,
    "a" * 1990,
    "2^{10^{10^{10}}}",
    "9^{9^{9^9}}",
    "10**10**10",
    "10^{10^9}!",
    r"\binom{10^9}{5\cdot10^8}",
    "(" * 900 + "x" + ")" * 900,
    "(" * 1900,
    r"\frac{1}{" * 180 + "2" + "}" * 180,
    r"\sqrt{1+" * 100 + "x" + "}" * 100,
    "(x+y+z+w)^{200}",
    r"\gcd(2^{100000000}-1, 3)",
    r"2^{10^9} = 1",
    r"\int_0^1 x^{x^{x^{x}}} dx",
    r"\prod_{n=1}^{10^8} n",
    r"\sin(10^{10^{8}})",
    r"\lim_{x \to 0} \sin(\sin(\sin(\sin(1/x))))",
    ",".join(str(i) for i in range(450)),
    "{" * 50,
    "1}{2}",
    "y" + "'" * 1900,
    "a=" * 900,
    r"\text{" * 300,
    "\ud800x",
    "\x00",
]


def test_hostile_expressions_end_in_a_verdict_and_are_never_right() -> None:
    found = math.grade([Pair(text, "boxed", "x+1") for text in HOSTILE], Limits(seconds=1.0, jobs=2))
    right = [text[:40] for text, grade in zip(HOSTILE, found, strict=True) if grade.verdict == "correct"]
    assert right == []
    assert {grade.verdict for grade in found} == {"incorrect", "ungradable"}
    by_text = dict(zip(HOSTILE, found, strict=True))
    assert by_text["9" * 1_000_000].why == "longer than 2,000 characters"
    assert by_text["2^{10^{10^{10}}}"].verdict == "ungradable"


def test_a_process_has_no_more_memory_than_its_limit() -> None:
    eater = "import resource; from reasonlens.graders import _serve, _algebra\n" + EATER
    with Workers(1, 1.0, 512 * 2**20) as workers:
        workers._command = [sys.executable, "-c", eater, "1.0", str(512 * 2**20)]
        found = dict(workers.run([("2", "1"), ("eat", "1"), ("2", "1")]))
    assert found == {0: ("correct", ""), 1: ("ungradable", "out of memory"), 2: ("correct", "")}


EATER = """
def compare(answer, gold, seconds):
    if answer == "eat":
        bytearray(2**30)
    return "correct", ""
import sys
_serve.compare = compare
_serve.serve(float(sys.argv[1]), int(sys.argv[2]))
"""

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


def test_files_of_the_working_folder_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sympy", "json", "math_verify"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(3)\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert graded([("(x-1)(x+1)", "x^2-1")])[0].verdict == "correct"


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
