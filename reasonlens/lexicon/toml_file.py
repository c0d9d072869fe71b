"""Lexicons in the project's own form, TOML (see ``docs/lexicons.md``)."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reasonlens.core.errors import DefinitionError
from reasonlens.core.toml_lines import TomlLines
from reasonlens.lexicon.draft import Card, Draft, finish, safe_name
from reasonlens.lexicon.model import Entry, Lexicon, Pattern, Rule

__all__ = ["parse"]

_TOP = ("name", "version", "title", "status", "source", "notes", "rule", "category")
_RULE = {
    "match": ("word", "substring", "regex", "segment"),
    "case": ("insensitive", "sensitive"),
    "latex": ("skip", "count"),
    "unit": ("count", "presence"),
    "denominator": ("words", "response"),
}
_STATUS = ("published", "reconstructed", "composed", "user")
_CATEGORY = ("title", "entries", "patterns")
_ENTRY = ("text", "attested", "at")
_PATTERN = ("name", "tokens")
_AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$")

Keys = tuple[str, ...]


def parse(text: str, path: str) -> Lexicon:
    """Return the lexicon that the TOML `text` of the file `path` defines.

    Raises
    ------
    DefinitionError
        For the first mistake, with file, line and what to do.
    """
    return _Parser(text, path).lexicon()


class _Parser:
    def __init__(self, text: str, path: str) -> None:
        self.path = path
        try:
            self.data: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise DefinitionError(_syntax(str(error), path)) from None
        self.lines = TomlLines.scan(text)

    def lexicon(self) -> Lexicon:
        self.known(self.data, _TOP, ())
        stem = Path(self.path).stem
        if "version" not in self.data:
            raise DefinitionError(
                f'{self.path}: the key "version" is missing; add version = "1", '
                "and raise it with every change of the entries"
            )
        name = self.text(self.data, "name", (), safe_name(stem))
        card = Card(
            name=name,
            version=self.text(self.data, "version", ()),
            title=self.text(self.data, "title", (), name),
            place=self.place(self.lines.of_key(("name",))),
            status=self.one_of(self.data, "status", (), _STATUS, "user"),
            source=self.text(self.data, "source", (), ""),
            notes=self.text(self.data, "notes", (), "").strip(),
            path=self.path,
        )
        rule = self.rule(self.table(self.data, "rule", ()))
        tables = self.table(self.data, "category", ())
        drafts = [self.category(key, self.table(tables, key, ("category",))) for key in tables]
        return finish(card, rule, drafts)

    def rule(self, table: Mapping[str, Any]) -> Rule:
        self.known(table, _RULE, ("rule",))
        values = {key: self.one_of(table, key, ("rule",), _RULE[key], "") for key in table}
        rule = Rule(**values)
        if "latex" in table and rule.match != "word":
            raise self.error(
                ("rule", "latex"),
                f'latex has a meaning for match = "word" only, not for "{rule.match}"; remove it',
            )
        return rule

    def category(self, name: str, table: Mapping[str, Any]) -> Draft:
        where = ("category", name)
        self.known(table, _CATEGORY, where)
        draft = Draft(name, self.text(table, "title", where, name), self.place(self.lines.of_key(where)))
        seen: dict[str, int] = {}
        for number, item in enumerate(self.array(table, "entries", where), 1):
            entry = self.entry(item, number, where)
            line = self.lines.of_string((*where, "entries"), entry.text, seen.get(entry.text, 0))
            seen[entry.text] = seen.get(entry.text, 0) + 1
            draft.entries.append((entry, self.place(line)))
        for number, item in enumerate(self.array(table, "patterns", where)):
            draft.patterns.append(self.pattern(item, number, where))
        return draft

    def entry(self, item: object, number: int, where: Keys) -> Entry:
        if isinstance(item, str):
            return Entry(item)
        here = (*where, "entries")
        if not isinstance(item, dict) or not isinstance(item.get("text"), str):
            raise self.error(
                here,
                f"entry {number} of category {where[-1]!r} is {item!r}; "
                'write "word" or { text = "word", attested = true }',
            )
        place = self.place(self.lines.of_string(here, item["text"]))
        label = f"{place}: category {where[-1]!r}: entry {item['text']!r}"
        for key in item:
            if key not in _ENTRY:
                raise DefinitionError(f"{label} has the unknown key {key!r}; known are {_listed(_ENTRY)}")
        if not isinstance(item.get("attested", False), bool):
            raise DefinitionError(f"{label} has attested = {item['attested']!r}; write true or false")
        if item.get("at", "any") not in ("any", "start"):
            raise DefinitionError(f"{label} has at = {item['at']!r}; known are any, start")
        return Entry(**item)

    def pattern(self, item: object, number: int, where: Keys) -> tuple[Pattern, str]:
        here = (*where, "patterns")
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise self.error(
                here,
                f"pattern {number + 1} of category {where[-1]!r} has no name; its hits are counted under it",
            )
        tokens = item.get("tokens")
        line = self.lines.of_string(here, item["name"])
        label = f"{self.place(line)}: category {where[-1]!r}: pattern {item['name']!r}"
        for key in item:
            if key not in _PATTERN:
                raise DefinitionError(f"{label} has the unknown key {key!r}; known are {_listed(_PATTERN)}")
        if not isinstance(tokens, list) or not all(isinstance(token, dict) for token in tokens):
            raise DefinitionError(f'{label} needs tokens, a list of tables such as [{{ LOWER = "so" }}]')
        return Pattern(item["name"], tuple(tokens)), self.place(line)

    # -- values --------------------------------------------------------------------------------------

    def known(self, table: Mapping[str, Any], known: Iterable[str], where: Keys) -> None:
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key, list(known), n=1)
                hint = f"; did you mean {close[0]!r}?" if close else f"; known are {_listed(known)}"
                inside = f" in [{'.'.join(where)}]" if where else ""
                raise self.error((*where, key), f"unknown key {key!r}{inside}{hint}")

    def text(self, table: Mapping[str, Any], key: str, where: Keys, default: str = "") -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            raise self.error(
                (*where, key), f'{key} must be a text in quotes, not {value!r}; write {key} = "{value}"'
            )
        if key in table and key in ("name", "version", "title") and not value.strip():
            raise self.error((*where, key), f"{key} is empty; fill it in")
        return value

    def one_of(
        self, table: Mapping[str, Any], key: str, where: Keys, known: Iterable[str], default: str
    ) -> str:
        value = table.get(key, default)
        if key in table and value not in known:
            raise self.error((*where, key), f"{key} = {value!r} is unknown; known are {_listed(known)}")
        return str(value)

    def table(self, table: Mapping[str, Any], key: str, where: Keys) -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            header = "category.NAME" if (*where, key) == ("category",) else ".".join((*where, key))
            raise self.error((*where, key), f"{key} must be a table; write it under [{header}]")
        return value

    def array(self, table: Mapping[str, Any], key: str, where: Keys) -> list[Any]:
        value = table.get(key, [])
        if not isinstance(value, list):
            raise self.error((*where, key), f"{key} must be a list; write {key} = [...]")
        return value

    def error(self, keys: Keys, message: str) -> DefinitionError:
        return DefinitionError(f"{self.place(self.lines.of_key(keys))}: {message}")

    def place(self, line: int | None) -> str:
        return self.path if line is None else f"{self.path}:{line}"


def _syntax(message: str, path: str) -> str:
    found = _AT_LINE.search(message)
    if not found:
        return f"{path}: not valid TOML: {message}; see docs/lexicons.md for the form"
    what = message[: found.start()]
    return f"{path}:{found[1]}: not valid TOML: {what} (column {found[2]}); see docs/lexicons.md for the form"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
