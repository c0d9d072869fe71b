"""What a language model is told: the codebook of decomposition and the questions of matching."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from reasonlens.core.errors import DefinitionError
from reasonlens.structure import KINDS
from reasonlens.structure.decompose import DOMAINS

__all__ = ["DecomposeBook", "MatchBook", "decompose_book", "match_book"]

_FOLDER = Path(__file__).parent / "prompts"


@dataclass(frozen=True, slots=True)
class DecomposeBook:
    """How a model is asked for steps: its version, a digest of the file, and one system text per domain."""

    version: str
    digest: str
    systems: dict[str, str]


@dataclass(frozen=True, slots=True)
class MatchBook:
    """How a model is asked whether ``meta``, ``query`` or ``answer`` of two steps match."""

    version: str
    digest: str
    questions: dict[str, str]


@cache
def decompose_book(path: Path = _FOLDER / "decompose.toml") -> DecomposeBook:
    """Return the codebook of decomposition.

    Raises
    ------
    DefinitionError
        If a domain or a kind of step is missing.
    """
    data, digest = _read(path)
    missing = [f"domain.{d}" for d in DOMAINS if d not in data.get("domain", {})]
    missing += [f"kinds.{k}" for k in KINDS if k not in data.get("kinds", {})]
    if missing:
        raise DefinitionError(f"{path} lacks {', '.join(missing)}; add these tables")
    return DecomposeBook(data["version"], digest, {domain: _system(data, domain) for domain in DOMAINS})


@cache
def match_book(path: Path = _FOLDER / "match.toml") -> MatchBook:
    """Return the questions of matching.

    Raises
    ------
    DefinitionError
        If one is missing.
    """
    data, digest = _read(path)
    names = ("meta", "query", "answer")
    if missing := [name for name in names if not data.get(name)]:
        raise DefinitionError(f"{path} lacks {', '.join(missing)}; add these texts")
    return MatchBook(data["version"], digest, {name: data[name].strip() for name in names})


def _read(path: Path) -> tuple[dict[str, Any], str]:
    raw = path.read_bytes()
    try:
        return tomllib.loads(raw.decode()), sha256(raw).hexdigest()[:16]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path} is no TOML file: {error}") from error


def _system(data: dict[str, Any], domain: str) -> str:
    book = data["domain"][domain]
    kinds = "\n".join(f"- {name}: {what}" for name, what in data["kinds"].items())
    shown = book["example"]
    example = f"Problem: {shown['problem']}\nReasoning: {shown['trace']}\nSteps:\n{shown['steps'].strip()}"
    return "\n\n".join(
        [data["instructions"].strip(), f"Kinds\n{kinds}", book["focus"].strip(), f"An example\n{example}"]
    )
