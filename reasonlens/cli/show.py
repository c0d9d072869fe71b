"""``reasonlens show``: one definition or one trace."""

from __future__ import annotations

from pathlib import Path

import click

from reasonlens.cli._options import example


@click.group(
    epilog=example(
        "reasonlens show lexicon flexible_reasoning",
        "reasonlens show behavior verification",
        "reasonlens show trace STUDY TRACE_ID",
    )
)
def command() -> None:
    """Show one lexicon, one behavior or one trace in full."""


@command.command("lexicon", epilog=example("reasonlens show lexicon flexible_reasoning"))
@click.argument("name")
def lexicon(name: str) -> None:
    """A word list: its source, its matching rule and its entries. NAME may be a file."""
    from reasonlens.lexicon import definition

    found = definition.load(name)
    click.echo(f"{found.name} {found.version} ({found.status}, digest {found.digest})")
    click.echo(f"{found.title}\nSource: {found.source}")
    rule = found.rule
    click.echo(f"Rule: match={rule.match}, case={rule.case}, latex={rule.latex}, unit={rule.unit}")
    if found.notes:
        click.echo(f"\n{found.notes.strip()}")
    for category in found.categories:
        total = len(category.entries) + len(category.patterns)
        click.echo(f"\n[{category.name}] {category.title} ({total})")
        entries = [f"{e.text}{' *' if e.attested else ''}" for e in category.entries]
        click.echo(click.wrap_text(", ".join(entries), 96, "  ", "  ")) if entries else None
        for pattern in category.patterns:
            click.echo(f"  pattern {pattern.name}: {list(map(dict, pattern.tokens))}")
    if any(e.attested for c in found.categories for e in c.entries):
        click.echo("\n* attested by the source; the rest is reconstructed")


@command.command("behavior", epilog=example("reasonlens show behavior verification"))
@click.argument("name")
def behavior(name: str) -> None:
    """A codebook: what counts, what does not. NAME may be a file."""
    from reasonlens.cli._print import plain
    from reasonlens.judges import load_codebook

    found = load_codebook(name)
    click.echo(f"{found.name} {found.version} ({found.status}, digest {found.digest}, unit {found.unit})")
    click.echo(plain(f"{found.title}"))
    click.echo(f"Source: {plain(found.source) or 'not stated'}\n\n{_wrapped(found.definition)}")
    for title, rules in (("Counts", found.include), ("Does not count", found.exclude)):
        if rules:
            click.echo(f"\n{title}")
        for rule in rules:
            click.echo(_wrapped(rule, "  - ", "    "))
    if found.examples:
        click.echo("\nExamples")
    for case in found.examples:
        close = " (borderline)" if case.borderline else ""
        click.echo(_wrapped(f"{case.verdict}{close}: {case.text}", "  - ", "    "))
        click.echo(_wrapped(case.why, "    ", "    "))
    if found.notes:
        click.echo(f"\n{plain(found.notes, lines=True)}")


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    from reasonlens.cli._print import plain

    return click.wrap_text(plain(text), 96, first, rest)


@command.command("trace", epilog=example("reasonlens show trace my-study 3f2a"))
@click.argument("study", type=click.Path(path_type=Path))
@click.argument("trace_id")
def trace(study: Path, trace_id: str) -> None:
    """A trace of a study. TRACE_ID may be its first few characters."""
    import pyarrow.compute as pc

    from reasonlens.cli._print import plain
    from reasonlens.core.errors import InputError
    from reasonlens.core.study import read_study

    found = read_study(study).read("traces", where=pc.starts_with(pc.field("trace_id"), trace_id))
    if found.num_rows != 1:
        raise InputError(
            f"{found.num_rows} traces of {study} have an id that begins with {trace_id!r}; "
            + ("give more characters" if found.num_rows else "ids are in the traces table")
        )
    row = found.to_pylist()[0]
    for name, value in row.items():
        if name not in ("problem", "prompt", "reasoning", "answer", "response") and value is not None:
            click.echo(f"{name}: {plain(value if isinstance(value, str) else str(value))}")
    for name in ("problem", "reasoning", "answer"):
        if row[name]:
            click.echo(f"\n--- {name}\n{plain(row[name], lines=True)}")
