"""Which judge is asked, what it will cost, and a live display while it works."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reasonlens.core import registry
from reasonlens.core.errors import InputError
from reasonlens.judges import Judge, Settings

if TYPE_CHECKING:
    from reasonlens.calls.ask import Progress

__all__ = ["Live", "judge_of", "watched_judging"]

_ANY_SERVER = ("base_url", "key_env", "prices", "insecure_http")
_LLM_ONLY = ("longest", "batch", "json_in_text", "no_sampling")


def judge_of(options: dict[str, Any], study: Path, live: Live) -> Judge:
    """Return the judge that the options of a command name.

    Raises
    ------
    UnknownNameError
        If there is no such kind of judge.
    """
    from reasonlens.workflow.behaviors import ASKING, journal_of

    kind, _, name = options["judge_kind"].partition(":")  # "local:NAME" is a judge of this study
    if name and kind != "local":
        raise InputError(f"--judge {options['judge_kind']}: only local:NAME has a name; use --judge {kind}")
    if options["embeddings"] and kind != "local":
        raise InputError(f"--embeddings is not for --judge {kind}: only local judges may have them")
    chosen: dict[str, Any] = {"folder": study / "judges", "embeddings": options["embeddings"]}
    if kind in ASKING:
        from reasonlens.cli._paying import asking_of

        chosen = {**asking_of(options), "progress": live.heard}
    for option in (*_ANY_SERVER, *_LLM_ONLY):
        if options[option] and kind != "llm" and not (kind in ASKING and option in _ANY_SERVER):
            why = "it asks step by step" if kind in ASKING else "it asks no server"
            raise InputError(f"--{option.replace('_', '-')} is not for --judge {kind}: {why}")
    if kind == "decisions":
        del chosen["form"], chosen["longest"], chosen["sampling"]
    settings = Settings(
        options["judge_model"] or name or None, journal_of(study) if kind in ASKING else None, chosen
    )
    judge: Judge = registry.load("reasonlens.judges", kind).make(settings)
    return judge


class Live:
    """Texts done of texts to do, with cost and failures; silent where nobody watches."""

    def __init__(self, bar: Any = None) -> None:
        self._bar, self._task = bar, None
        self._before, self._last = (0.0, 0), (0.0, 0)  # cost and failures: of earlier rounds, of this one
        self._done = 0

    def begin(self, n: int) -> None:
        """Start with `n` texts to do."""
        if self._bar is not None and n:
            self._task = self._bar.add_task("judging", total=n, paid="")
            self._bar.start()

    def advance(self, n: int) -> None:
        """Some texts are done."""
        if self._task is not None:
            self._bar.advance(self._task, n)

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def heard(self, progress: Progress) -> None:
        """Take what the calls say of themselves."""
        if self._task is None:
            return
        if progress.done < self._done:  # calls are made in rounds, each counts from the start
            self._before = (self._before[0] + self._last[0], self._before[1] + self._last[1])
        self._done = progress.done
        self._last = (progress.cost, progress.failed + progress.unparsed + progress.refused)
        dollars, failed = self._before[0] + self._last[0], self._before[1] + self._last[1]
        cost = "cost unknown" if math.isnan(dollars) else f"${dollars:.4f}"
        self._bar.update(self._task, paid=f"{cost}, {failed:,} without answer")


@contextmanager
def watched_judging() -> Iterator[Live]:
    """Yield a `Live` that shows a bar once judging begins, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield Live()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[paid]}"),
    )
    bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    try:
        yield Live(bar)
    finally:
        bar.stop()
