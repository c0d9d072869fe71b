"""Bans: words and phrases that a model cannot write while it decodes.

A `Ban` says what is banned and how; bound to a tokenizer (`Ban.bind`) it becomes a handle that
every backend can carry. The sound mode compiles the words to an automaton over bytes and that to
tables over the tokens, so that no tokenization of a banned word is left, and as little else as
the vocabulary allows is lost. `audit` counts leaks in finished texts, `explain` shows what a ban
covers before anything runs, `controls` makes the control sets of an experiment.

Nothing here imports torch, transformers or vllm before a processor is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reasonlens.bans.ban import Ban
    from reasonlens.bans.handle import Handle

__all__ = ["Ban", "Handle"]

_HOMES = {"Ban": "reasonlens.bans.ban", "Handle": "reasonlens.bans.handle"}


def __getattr__(name: str) -> object:
    """Import the public names on first use: they need NumPy, ``import reasonlens.bans`` does not."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
