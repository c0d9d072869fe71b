"""A ban with a vocabulary: tables, from memory, from the disk, or compiled."""

from __future__ import annotations

import os
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reasonlens.bans.automaton import compile_items
from reasonlens.bans.ban import Ban
from reasonlens.bans.compile_tables import compile_tables
from reasonlens.bans.items import items_of
from reasonlens.bans.static import containing
from reasonlens.bans.tables import ARRAYS, Tables
from reasonlens.bans.vocabulary import Vocabulary
from reasonlens.core.manifest import digest_of

__all__ = ["Compiled", "cache_folder", "compiled"]

_FORMAT = 1
_AT_ONCE = 256  # tables kept in memory
_recent: dict[str, Tables] = {}
_ENDING = 24  # tokens at the end of a prompt in which a closing mark would stand


@dataclass(frozen=True, slots=True)
class Compiled:
    """A ban and what it means for one vocabulary."""

    ban: Ban
    vocabulary: Vocabulary
    tables: Tables

    def start(self, prompt: list[int] | None) -> int:
        """Return the state at the end of a prompt.

        A ban for the reasoning holds from there, unless the prompt itself ends in a closing mark.
        """
        prompt = prompt or []
        if self.ban.release and prompt:
            ending = self._ending(prompt).rstrip().lower()
            if ending.endswith(tuple(mark.lower() for mark in self.ban.release)):
                return self.tables.released
        return self.tables.start(prompt)

    def _ending(self, prompt: list[int]) -> str:
        special = self.vocabulary.special
        pieces = [special[i].encode() if i in special else self._bytes(i) for i in prompt[-_ENDING:]]
        return b"".join(pieces).decode("utf-8", "replace")

    def _bytes(self, token: int) -> bytes:
        return self.vocabulary.tokens[token] if 0 <= token < len(self.vocabulary) else b""


def compiled(ban: Ban, vocabulary: Vocabulary) -> Compiled:
    """Return the tables of a ban whose mode a processor carries.

    Tables are kept on the disk, in `cache_folder`, by the digests of the tokenizer and of what is
    banned; penalties, probabilities and names share them.
    """
    what = [ban.words, ban.mode, ban.match, ban.latex, ban.release, ban.spare]
    key = digest_of([_FORMAT, what, vocabulary.digest])
    if key not in _recent:
        path = cache_folder() / f"{key}.npz"
        found = _load(path)
        if found is None:
            found = _compile(ban, vocabulary)
            _save(path, found)
        while len(_recent) >= _AT_ONCE:
            _recent.pop(next(iter(_recent)))
        _recent[key] = found
    return Compiled(ban, vocabulary, _recent[key])


def _compile(ban: Ban, vocabulary: Vocabulary) -> Tables:
    release = items_of(ban.release, "substring")
    if ban.mode != "ids":
        automaton = compile_items(items_of(ban.words, ban.match), ban.latex, release)
        return compile_tables(automaton, vocabulary, ban.mode, ban.release)
    tables = compile_tables(compile_items((), release=release), vocabulary, release=ban.release)
    ids = np.array(containing(ban.words, vocabulary, ban.spare), np.int32)
    list_of = np.zeros(tables.n_states, np.int32)
    list_of[tables.released] = 1  # the empty list
    return replace(tables, list_of=list_of, starts=np.array([0, len(ids), len(ids)], np.int64), ids=ids)


def cache_folder() -> Path:
    """Return the folder of compiled bans: ``$REASONLENS_CACHE`` or the user's cache folder."""
    own = os.environ.get("REASONLENS_CACHE")
    if own:
        return Path(own) / "bans"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "reasonlens" / "bans"


def _load(path: Path) -> Tables | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in ARRAYS}
            return Tables(int(stored["n_tokens"]), int(stored["released"]), **arrays)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # absent or damaged: it is compiled again


def _save(path: Path, tables: Tables) -> None:
    """Write the tables in one step; a folder that cannot be written to is no reason to fail."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            arrays = {name: getattr(tables, name) for name in ARRAYS}
            np.savez_compressed(file, n_tokens=tables.n_tokens, released=tables.released, **arrays)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
