"""How a model came to be: said by the user, by the file, or known for published models."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path

from reasonlens.core.errors import DefinitionError, InputError
from reasonlens.core.tables import MODEL_KINDS

__all__ = ["as_kind", "known_kind", "load_kinds", "mapped_kind"]


def as_kind(value: str) -> str | None:
    """Return one of `reasonlens.core.tables.MODEL_KINDS`, or ``None`` if `value` is none of them."""
    plain = value.strip().lower().replace("-", "_").replace(" ", "_")
    return plain if plain in MODEL_KINDS else None


@cache
def _published() -> tuple[tuple[str, tuple[str, ...]], ...]:
    text = resources.files("reasonlens.readers").joinpath("model_kinds.toml").read_text("utf-8")
    return tuple((entry["name"], tuple(entry["models"])) for entry in tomllib.loads(text)["kind"])


@cache
def known_kind(model: str) -> str:
    """Return the kind of a published model, ``"other"`` for one that is not known.

    Examples
    --------
    >>> known_kind("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B"), known_kind("Qwen/Qwen2.5-32B")
    ('distilled', 'base')
    """
    for kind, patterns in _published():
        if any(_fits(model, pattern) for pattern in patterns):
            return kind
    return "other"


def mapped_kind(model: str, kinds: Mapping[str, str]) -> str | None:
    """Return what the user's mapping says of `model`: its exact id first, then patterns in order."""
    if model in kinds:
        return kinds[model]
    return next((kind for pattern, kind in kinds.items() if _fits(model, pattern.lower())), None)


def _fits(model: str, pattern: str) -> bool:
    full = model.lower().replace("__", "/")
    return fnmatchcase(full, pattern) or fnmatchcase(full.rpartition("/")[2], pattern)


def load_kinds(path: Path) -> dict[str, str]:
    """Load a mapping of model ids or patterns to kinds: TOML, JSON, or CSV with the columns model and kind.

    ::

        "my-lab/zero-7b" = "zero_rl"
        "*-sft" = "distilled"

    Raises
    ------
    InputError
        If the file cannot be read.
    DefinitionError
        If it is no such mapping.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    try:
        data = _parse(text, path.suffix.lower())
    except (ValueError, csv.Error) as error:
        raise DefinitionError(f"{path} is not valid {path.suffix or 'TOML'}: {error}") from error
    if not isinstance(data, dict):
        raise DefinitionError(f'{path} must map models to kinds, for instance "my-lab/zero-7b" = "zero_rl"')
    found = {}
    for model, value in data.items():
        kind = as_kind(value) if isinstance(value, str) else None
        if kind is None:
            raise DefinitionError(
                f"{path}: {model!r} has the kind {value!r}; the kinds are {', '.join(MODEL_KINDS)}"
            )
        found[model] = kind
    return found


def _parse(text: str, suffix: str) -> object:
    if suffix == ".json":
        return json.loads(text)
    if suffix not in (".csv", ".tsv"):
        return tomllib.loads(text)
    rows = [row for row in csv.reader(text.splitlines(), delimiter="\t" if suffix == ".tsv" else ",") if row]
    if any(len(row) != 2 for row in rows):
        raise ValueError("each row must have two cells, a model and a kind")
    return dict(rows[1:] if rows and rows[0] == ["model", "kind"] else rows)
