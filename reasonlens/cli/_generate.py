"""What ``reasonlens generate`` does and says."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from reasonlens.backends import SamplingParams, _templates
from reasonlens.cli._print import plain, show_table
from reasonlens.core.errors import BackendError, InputError
from reasonlens.workflow import problem_sets
from reasonlens.workflow.generate import Arm, Generated, Progress, Spec, connected, generate

if TYPE_CHECKING:
    from reasonlens.workflow.problem_sets import ProblemSet

__all__ = ["drawing", "duration", "engine_options", "report", "run", "say_problems"]

_EVERY = 60.0  # seconds between lines where nobody watches a bar


def run(options: dict[str, Any]) -> None:
    """Read the problems, load the model, draw, and say what came of it."""
    spec = _spec(options)
    found = problem_sets.load(
        options["names"],
        folder=options["problems_dir"],
        columns=dict(_pair(text, "--map problem=text") for text in options["fields"]),
        dataset=options["dataset"],
        limit=options["limit"],
    )
    say_problems(found)
    engine = connected(spec.backend, spec.model, found, engine_options(options["options"]))
    with engine as backend, drawing() as progress:
        made = generate(options["study"], spec, found.problems, backend, progress=progress)
    report(made)
    click.echo(f"Study: {options['study']}. Next: reasonlens tokens {options['study']}")
    if options["strict"] and made.n_failed:
        raise BackendError(f"--strict: {made.n_failed:,} requests gave no sample")


def _spec(options: dict[str, Any]) -> Spec:
    sampling = SamplingParams(
        temperature=options["temperature"],
        top_p=options["top_p"],
        top_k=options["top_k"],
        max_tokens=options["max_tokens"],
        stop=tuple(options["stop"]),
        logprobs=options["logprobs"],
    )
    return Spec(
        backend=options["backend"],
        model=options["model"],
        template=_templates.load(options["template"]),
        sampling=sampling,
        n=options["n"],
        seed=options["seed"],
        arms=(Arm(options["condition"]),),
        label=options["model_name"],
        kind=options["kind"],
    )


def engine_options(texts: tuple[str, ...]) -> dict[str, Any]:
    """Return ``KEY=VALUE`` texts as options; numbers, true, false and lists are read as such."""
    found: dict[str, Any] = {}
    for text in texts:
        key, value = _pair(text, "--option batch_size=16")
        try:
            found[key.replace("-", "_")] = json.loads(value)
        except ValueError:
            found[key.replace("-", "_")] = value
    return found


def _pair(text: str, usual: str) -> tuple[str, str]:
    key, mark, value = text.partition("=")
    if not (mark and key.strip() and value.strip()):
        raise InputError(f"{text!r} is not KEY=VALUE, for instance {usual}")
    return key.strip(), value.strip()


def say_problems(found: ProblemSet) -> None:
    """Print what is posed to standard error."""
    _say(f"{len(found.problems):,} problems of {plain(', '.join(found.datasets))}")
    for note in found.notes:
        _say(f"  {plain(note)}")


@contextmanager
def drawing() -> Iterator[Callable[[Progress], None]]:
    """Yield what shows progress: a bar for a person who watches, else a line now and then."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def show(at: Progress) -> None:
            bar.update(task, total=at.total, completed=at.kept + at.done + at.failed, rate=_rate(at))

        yield show


class _Lines:
    """One line a minute."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, at: Progress) -> None:
        if time.monotonic() - self._last >= _EVERY:
            self._last = time.monotonic()
            _say(f"{at.kept + at.done + at.failed:,} of {at.total:,} samples, {_rate(at)}")


def _rate(at: Progress) -> str:
    rate = at.tokens_per_second
    speed = "" if math.isnan(rate) else f"{rate:,.0f} tokens/s, "
    failed = f", {at.failed:,} failed" if at.failed else ""
    return f"{speed}{duration(at.seconds_left)} left{failed}"


def duration(seconds: float) -> str:
    """Return a time as a person reads it: ``"3 h 05 min"``, ``"42 s"``; ``"?"`` if unknown."""
    if math.isnan(seconds):
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def report(made: Generated) -> None:
    """Print what a run drew by condition, and why requests failed."""
    names = dict.fromkeys((*made.kept, *made.done, *made.failed))
    rows: list[list[object]] = [
        [name, *(f"{count[name]:,}" for count in (made.done, made.kept, made.truncated, made.failed))]
        for name in names
    ]
    show_table(rows, ["condition", "drawn", "kept from before", "cut at the limit", "failed"], "Samples", 1)
    if made.tokens:
        rate = made.tokens / made.seconds if made.seconds else float("nan")
        click.echo(f"{made.tokens:,} tokens in {duration(made.seconds)}: {rate:,.0f} tokens/s")
    for problem, n in made.problems.most_common(5):
        _say(f"  {n:,} failed: {plain(problem)}")
    if made.n_failed:
        _say("Running the same command again tries the failed ones once more.")


def _say(text: str) -> None:
    click.echo(text, err=True)
