"""Progress bars of work in several steps."""

from __future__ import annotations

from reasonlens.cli._progress import Items


class Bar:
    """What `Items` uses of a bar, written down."""

    def __init__(self) -> None:
        self.tasks: list[list[object]] = []

    def add_task(self, what: str, total: float) -> int:
        self.tasks.append([what, total, 0.0])
        return len(self.tasks) - 1

    def advance(self, task: int, n: float) -> None:
        self.tasks[task][2] += n  # type: ignore[operator]


def test_a_later_step_has_a_line_of_its_own() -> None:
    bar = Bar()
    items = Items(bar, "finding words, responses")
    items.begin(10)
    items.advance(10)
    items.begin(99, "testing words, permutations")
    items.advance(33.5)
    items.advance(1)
    assert bar.tasks == [["finding words, responses", 10, 10.0], ["testing words, permutations", 99, 34.5]]


def test_without_a_watcher_or_without_work_nothing_is_shown() -> None:
    silent, empty = Items(), Items(bar := Bar(), "reading")
    for items, n in ((silent, 5), (empty, 0)):
        items.begin(n)
        items.advance(1)
    assert bar.tasks == []
