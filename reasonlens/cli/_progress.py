"""A progress bar on standard error, only for a person who watches: rate and time left."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["Items", "Progress", "watched", "watched_items", "working"]


class Progress:
    """Bytes done of bytes to do; silent where nobody watches."""

    def __init__(self, bar: Any = None) -> None:
        self._bar, self._task = bar, None

    def begin(self, size: int) -> None:
        """Start with `size` bytes to do."""
        if self._bar is not None and size:
            self._task = self._bar.add_task("reading and counting", total=size)

    def advance(self, n: int) -> None:
        """Some bytes are done."""
        if self._task is not None:
            self._bar.advance(self._task, n)


@contextmanager
def watched() -> Iterator[Progress]:
    """Yield a `Progress` that shows a bar while the block runs, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        yield Progress(bar)


class Items:
    """Items done of items to do; silent where nobody watches."""

    def __init__(self, bar: Any = None, what: str = "") -> None:
        self._bar, self._what, self._task = bar, what, None

    def begin(self, n: int, what: str = "") -> None:
        """Start with `n` items to do; a later step of the same work may have a name of its own."""
        if self._bar is not None and n:
            self._task = self._bar.add_task(what or self._what, total=n)

    def advance(self, n: float) -> None:
        """Some items are done."""
        if self._task is not None:
            self._bar.advance(self._task, n)


@contextmanager
def watched_items(what: str) -> Iterator[Items]:
    """Yield `Items` that show a bar while the block runs, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield Items()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Items(bar, what)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say what is being done, and for how long, while the block runs, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(what, total=None)
        yield
