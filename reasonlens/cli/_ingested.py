"""Commands that read files: into the study, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reasonlens.cli._print import plain
from reasonlens.core.errors import InputError

if TYPE_CHECKING:
    from reasonlens.cli._progress import Progress
    from reasonlens.workflow.ingest import Outcome, Settings
    from reasonlens.workflow.run import Plan

__all__ = ["read_in", "report", "settings_of"]

_SHOWN = 3


def settings_of(options: dict[str, Any]) -> Settings:
    """Return the reading options of a command as `Settings`; unknown or malformed ones are errors."""
    from reasonlens.readers._model_kinds import load_kinds
    from reasonlens.workflow.ingest import Settings

    batch: Path | None = options.get("batch_input")
    return Settings(
        format=options.get("format_name"),
        fields=dict(_pair(text) for text in options.get("fields", ())),
        model=options.get("model"),
        kind=options.get("kind"),
        kinds=load_kinds(options["kinds_file"]) if options.get("kinds_file") else {},
        dataset=options.get("dataset"),
        condition=options.get("condition") or "baseline",
        companions={"batch_input": batch} if batch else {},
    )


def _pair(text: str) -> tuple[str, str]:
    field, mark, column = text.partition("=")
    if not (mark and field.strip() and column.strip()):
        raise InputError(f"--map {text!r} is not FIELD=COLUMN, for instance --map response=output.text")
    return field.strip(), column.strip()


def read_in(names: list[str], plan: Plan, options: dict[str, Any], bar: Progress) -> None:
    """Bring the study of `plan` up to date with the files of a command, and say what was read."""
    from reasonlens.workflow.ingest import ingest

    outcome = ingest(
        names, plan, settings_of(options), jobs=options["jobs"], begin=bar.begin, progress=bar.advance
    )
    if names:
        report(outcome, strict=options["strict"])


def report(outcome: Outcome, *, strict: bool) -> None:
    """Print the account of a run to standard error; with `strict`, anything skipped is an error."""
    account, refused = outcome.account, outcome.refused
    alike: dict[tuple[str, str], list[str]] = {}
    for found in outcome.inputs:
        if found.format:
            alike.setdefault((found.format, found.reason), []).append(Path(found.name).name)
    for (name, reason), files in alike.items():
        shown = ", ".join(files[:_SHOWN]) + _more(len(files), files[:_SHOWN])
        _say(f"Read {_many(len(files), 'input')} as {name} ({plain(reason)}): {plain(shown)}")
    _say(
        f"{account.rows:,} rows -> {outcome.n_traces:,} traces; "
        f"{account.n_skipped:,} skipped, {outcome.duplicates:,} duplicates, {account.repaired:,} repaired"
    )
    if outcome.parts_kept and outcome.parts_done:
        _say(f"  {outcome.parts_kept} of {outcome.parts_kept + outcome.parts_done} parts were done before")
    for reason, left in account.skipped.items():
        places = plain("; ".join(left.places)) + _more(left.n, left.places)
        _say(f"  skipped {left.n:,}: {plain(reason)} ({places})")
    for note, n in account.notes.most_common():
        _say(f"  {n:,} x {plain(note)}")
    for found in refused:
        _say(f"  not read: {plain(found.reason)}")
    if strict and (account.n_skipped or refused):
        raise InputError(
            f"--strict: {account.n_skipped:,} rows were skipped and {_many(len(refused), 'input')} not read"
        )


def _say(text: str) -> None:
    click.echo(text, err=True)


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _more(n: int, shown: list[str]) -> str:
    return f"; and {n - len(shown):,} more" if n > len(shown) else ""
