"""A codebook: what counts as a behavior, with examples, in a TOML file (see ``docs/behaviors.md``)."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reasonlens.core.errors import DefinitionError, InputError
from reasonlens.core.manifest import digest_of
from reasonlens.core.toml_lines import TomlLines

__all__ = ["SYNTAX", "Codebook", "Example", "read_codebook"]

SYNTAX = "see docs/behaviors.md for the form"

_TEXTS = ("name", "version", "title", "status", "source", "unit", "family", "definition", "notes")
_LISTS = ("include", "exclude")
_TOP = (*_TEXTS, *_LISTS, "example")
_STATUS = ("published", "reconstructed", "user")
_UNITS = ("trace", "sentence")
_VERDICTS = ("present", "absent")
_EXAMPLE = ("text", "verdict", "why", "borderline")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class Example:
    """A short text with the right verdict and the reason; `borderline` ones show where the line runs."""

    text: str
    verdict: str
    why: str
    borderline: bool = False


@dataclass(frozen=True, slots=True)
class Codebook:
    """What counts as one behavior.

    Parameters
    ----------
    name, version, title
        Its identity; a change of the rules needs another version.
    status
        ``"published"`` (the source states what counts), ``"reconstructed"`` (the source names the
        behavior and does not define it) or ``"user"``.
    source
        Where it comes from.
    unit
        ``"trace"``: instances are sought in the whole text; ``"sentence"``: each sentence is judged.
    definition, include, exclude, examples
        What counts and what does not.
    family
        Behaviors that are asked for together (``--behavior FAMILY``), or an empty string.
    digest
        Digest of all that a judge is told.
    """

    name: str
    version: str
    title: str
    status: str
    source: str
    unit: str
    definition: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    family: str = ""
    notes: str = ""
    path: str = ""
    digest: str = field(default="", init=False)

    def __post_init__(self) -> None:
        examples = [[e.text, e.verdict, e.why, e.borderline] for e in self.examples]
        told = [self.name, self.version, self.title, self.unit, self.definition]
        object.__setattr__(self, "digest", digest_of([*told, [*self.include], [*self.exclude], examples]))


def read_codebook(path: Path) -> Codebook:
    """Return the codebook in a TOML file.

    Raises
    ------
    InputError
        If the file cannot be read.
    DefinitionError
        If it has a mistake; the message has file, line and what to do.
    """
    return _Parser(_read(path), str(path)).codebook()


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.path = path
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise DefinitionError(_bad_toml(str(error), path)) from None
        self.lines = TomlLines.scan(text)

    def codebook(self) -> Codebook:
        self.known(self.data, _TOP)
        for key in ("version", "definition"):
            if key not in self.data:
                raise DefinitionError(f'{self.path}: the key "{key}" is missing; {_HINTS[key]}')
        texts = {key: self.text(key) for key in _TEXTS}
        name = texts["name"] or Path(self.path).stem
        if not _NAME.fullmatch(name):
            raise self.error(
                "name", f"name {name!r} is no identifier; use small letters, digits and _, such as self_check"
            )
        texts |= {
            "name": name,
            "title": texts["title"] or name,
            "status": self.one_of("status", _STATUS, "user"),
            "unit": self.one_of("unit", _UNITS, "trace"),
            "path": self.path,
        }
        include, exclude = (self.list_of_texts(key) for key in _LISTS)
        return Codebook(**texts, include=include, exclude=exclude, examples=tuple(self.examples()))

    def examples(self) -> list[Example]:
        items = self.data.get("example", [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise self.error("example", "example must be a list of tables; write each under [[example]]")
        return [self.example(item, number) for number, item in enumerate(items)]

    def example(self, item: Mapping[str, Any], number: int) -> Example:
        for key in item:
            if key not in _EXAMPLE:
                raise self.error(
                    "example",
                    f"example {number + 1} has the unknown key {key!r}{_hint(key, _EXAMPLE)}",
                    number,
                )
        for key in ("text", "verdict", "why"):
            if not isinstance(item.get(key), str) or not item[key].strip():
                raise self.error("example", f"example {number + 1} needs {key}, a text in quotes", number)
        if item["verdict"] not in _VERDICTS:
            raise self.error(
                "example",
                f"example {number + 1} has verdict = {item['verdict']!r}; write present or absent "
                "(and borderline = true where it is close)",
                number,
            )
        if not isinstance(item.get("borderline", False), bool):
            raise self.error("example", f"example {number + 1}: borderline must be true or false", number)
        return Example(
            item["text"].strip(), item["verdict"], item["why"].strip(), item.get("borderline", False)
        )

    def known(self, table: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                raise self.error(key, f"unknown key {key!r}{_hint(key, known)}")

    def text(self, key: str) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            raise self.error(key, f'{key} must be a text in quotes, not {value!r}; write {key} = "{value}"')
        if key in self.data and key in ("name", "version", "title", "definition") and not value.strip():
            raise self.error(key, f"{key} is empty; fill it in")
        return " ".join(value.split()) if key != "notes" else value.strip()

    def one_of(self, key: str, known: Sequence[str], default: str) -> str:
        value = self.text(key) or default
        if value not in known:
            raise self.error(key, f"{key} = {value!r} is unknown; known are {', '.join(known)}")
        return value

    def list_of_texts(self, key: str) -> tuple[str, ...]:
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(x, str) and x.strip() for x in value):
            raise self.error(key, f'{key} must be a list of texts; write {key} = ["...", "..."]')
        return tuple(" ".join(x.split()) for x in value)

    def error(self, key: str, message: str, nth: int = 0) -> DefinitionError:
        line = self.lines.of_key((key,), nth)
        return DefinitionError(f"{self.path}{'' if line is None else f':{line}'}: {message}")


_HINTS = {
    "version": 'add version = "1", and raise it with every change of the rules',
    "definition": 'add definition = "..." that says in one or two sentences what counts',
}


def _hint(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"


def _bad_toml(message: str, path: str) -> str:
    found = _AT_LINE.search(message)
    if not found:
        return f"{path}: not valid TOML: {message}; {SYNTAX}"
    return f"{path}:{found[1]}: not valid TOML: {message[: found.start()]} (column {found[2]}); {SYNTAX}"


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DefinitionError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from None
