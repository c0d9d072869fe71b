"""Training problems that stand in a benchmark."""

from __future__ import annotations

from reasonlens.distill.contamination import Benchmarks, Hit

LONG = "Ann has seven red marbles and nine blue marbles and gives four of them to her brother Ben today"


def _against(n: int = 13) -> Benchmarks:
    made = Benchmarks(n)
    made.add("mini", [("p-1", LONG), ("p-2", "What is 2 + 2?")])
    return made


def test_a_problem_is_found_by_its_id_and_by_thirteen_words() -> None:
    assert _against().find("p-2", "anything") == Hit("mini", "p-2", "problem id")
    inside = "Yesterday: " + LONG.upper().replace(" AND GIVES", ", and gives") + " What is left?"
    hit = _against().find("p-9", inside)
    assert hit is not None
    assert (hit.benchmark, hit.problem_id, hit.how) == ("mini", "p-1", "words")
    assert len(hit.shared.split()) == 13
    assert hit.shared in " ".join(LONG.lower().split())


def test_twelve_words_in_common_are_not_enough() -> None:
    twelve = " ".join(LONG.split()[:12])
    assert _against().find("p-9", twelve + " or so and that is all there is to it really") is None
    assert _against(12).find("p-9", twelve + " or so") is not None


def test_a_short_statement_is_found_by_its_id_only() -> None:
    assert _against().find("p-9", "What is 2 + 2?") is None
    assert _against().names == ["mini"]
