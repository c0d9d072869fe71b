"""What a ban covers on a tokenizer, as tables: ``reasonlens ban-ablation --explain``."""

from __future__ import annotations

from typing import Any

import click

from reasonlens.bans import Ban
from reasonlens.cli._print import show_table
from reasonlens.core.errors import InputError
from reasonlens.workflow.ban_explain import ban_explain

__all__ = ["explain"]

_MOST = 40  # rows shown
_WORDS = {
    "word": "word",
    "example": "spelled, for instance",
    "lost": "lost",
    "kept": "kept",
    "always": "anywhere",
    "at_start": "at a start",
    "spellings": "spellings",
    "n_lost": "n lost",
    "n_kept": "n kept",
}
_TOKENS = {"word": "word", "text": "text", "where": "where", "token": "token"}
_MODES = {
    "mode": "mode",
    "lost": "lost",
    "tokens": "tokens",
    "spellings": "spellings",
    "left": "leaked",
    "n_lost": "n lost",
}
"""Columns with their headings, texts first."""


def explain(ban: Ban, options: dict[str, Any]) -> None:
    """Print which tokens a ban forbids, what it covers, and what else becomes impossible.

    Raises
    ------
    InputError
        If no tokenizer is named.
    """
    source = options["tokenizer"] or options["model"]
    if not source:
        raise InputError("--explain needs --tokenizer FOLDER (with a tokenizer.json)")
    found = ban_explain(ban, source)
    quoted = found.tokens["text"].map(lambda text: f'"{text}"')  # a space in front is seen
    tokens = found.tokens.assign(text=quoted, token=found.tokens["token"].astype("str"))
    for title, frame, names in (
        ("Words", found.words, _WORDS),
        ("Tokens forbidden outright", tokens, _TOKENS),
        ("Modes", found.modes, _MODES),
    ):
        shown = frame[list(names)].head(_MOST)
        rows = [[_cell(value) for value in row] for row in shown.itertuples(index=False)]
        show_table(rows, list(names.values()), title, sum(map(_is_text, names)))
        if len(frame) > len(shown):
            click.echo(f"and {len(frame) - len(shown):,} more")
    for mode in found.modes.to_dict("records"):
        click.echo(f"{mode['mode']}: {mode['what']}.")
    click.echo(
        "Anywhere: tokens forbidden wherever they come; at a start: those forbidden where no word has been "
        "begun. Spellings: ways to write the word in tokens; leaked: those that a mode lets through. Lost: "
        "words that become impossible beside the banned ones; kept: words that have a banned one in them and "
        "stay possible."
    )


def _is_text(column: str) -> bool:
    return column in ("word", "example", "lost", "kept", "text", "where", "mode")


def _cell(value: object) -> object:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value
