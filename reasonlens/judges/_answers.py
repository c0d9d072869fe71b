"""The form of a judge's answer: its JSON schema, and what an answer must be to be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reasonlens.judges import Codebook

__all__ = ["VERDICTS", "Found", "Parsed", "parser", "read", "schema"]

VERDICTS = ("present", "absent", "unclear")

_QUOTE = 400  # characters
_WHY = 300
_RECEIPT = 24


@dataclass(frozen=True, slots=True)
class Found:
    """What was answered for one behavior; `sentences` for codebooks of that unit, else `quotes`."""

    verdict: str
    quotes: tuple[str, ...] = ()
    sentences: tuple[int, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """An answer in the right form; the receipts are checked by who knows what they must be."""

    receipt_rules: str
    receipt_text: str
    found: Mapping[str, Found]


def schema(
    behaviors: Sequence[Codebook], *, sentences: int | None = None, most: int = 20, bounded: bool = True
) -> dict[str, Any]:
    """Return the JSON schema of the answer for `behaviors`.

    Parameters
    ----------
    behaviors
        Codebooks of one unit.
    sentences
        Number of sentences, for codebooks of that unit.
    most
        Most quotes per behavior.
    bounded
        Limit the length of strings, without which small models never end one. OpenAI's own service
        refuses the keyword.
    """
    text = {"type": "string"}
    evidence: dict[str, Any]
    if sentences is None:
        evidence = {"quotes": _array({**text, **_at_most(_QUOTE, bounded)}, most)}
    else:
        evidence = {"sentences": _array({"type": "integer"}, sentences)}
    one = _object(
        {**evidence, "why": {**text, **_at_most(_WHY, bounded)}, "verdict": {"enum": [*VERDICTS], **text}}
    )
    receipt = {**text, **_at_most(_RECEIPT, bounded)}
    names = {behavior.name: one for behavior in behaviors}
    return _object({"receipt_rules": receipt, "receipt_text": receipt, "behaviors": _object(names)})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


def _at_most(length: int, bounded: bool) -> dict[str, int]:
    return {"maxLength": length} if bounded else {}


def parser(value: Any) -> Any:
    """Return the JSON value of an answer if it has the right outline.

    Which behaviors were asked for differs from question to question; `read` checks that.

    Raises
    ------
    ValueError
        If it has not; the message says what is wrong.
    """
    top = _mapping(value, "the answer")
    for name, found in _mapping(top.get("behaviors"), '"behaviors"').items():
        _found(_mapping(found, name), name, "sentence" if "sentences" in found else "trace")
    return value


def read(value: Any, behaviors: Sequence[Codebook], unit: str) -> Parsed:
    """Return an answer as `Parsed`.

    Raises
    ------
    ValueError
        If it has not the right form; the message says what is wrong.
    """
    top = _mapping(value, "the answer")
    found = _mapping(top.get("behaviors"), '"behaviors"')
    names = [behavior.name for behavior in behaviors]
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"no answer for {', '.join(missing)}")
    return Parsed(
        _text(top.get("receipt_rules", ""), "receipt_rules"),
        _text(top.get("receipt_text", ""), "receipt_text"),
        {name: _found(_mapping(found[name], name), name, unit) for name in names},
    )


def _found(value: Mapping[str, Any], name: str, unit: str) -> Found:
    verdict = _text(value.get("verdict"), f"{name}: verdict").strip().lower()
    if verdict not in VERDICTS:
        raise ValueError(f"{name}: verdict {verdict[:40]!r} is none of {', '.join(VERDICTS)}")
    why = _text(value.get("why", ""), f"{name}: why")[:_WHY]
    if unit == "sentence":
        numbers = _items(value, "sentences", name)
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in numbers):
            raise ValueError(f"{name}: sentences are no whole numbers")
        return Found(verdict, sentences=tuple(dict.fromkeys(numbers)), why=why)
    quotes = _items(value, "quotes", name)
    if not all(isinstance(quote, str) for quote in quotes):
        raise ValueError(f"{name}: quotes are no texts")
    return Found(verdict, quotes=tuple(quote for quote in quotes if quote.strip()), why=why)


def _items(value: Mapping[str, Any], key: str, name: str) -> list[Any]:
    items = value.get(key)
    if not isinstance(items, list):
        raise ValueError(f'{name}: "{key}" is no list')
    return items


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is no JSON object")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is no text")
    return value
