"""On which line of a TOML text a table, a key or a string stands.

`tomllib` gives values without their lines; a message that names the line of a mistake needs
them. The text is scanned a second time, after `tomllib` accepted it, so the scan only has to
be right on valid TOML. Keys of inline tables have no line of their own: the enclosing key has it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["TomlLines"]

Path = tuple[str, ...]

_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}'''  # a text may end in one or two quotes of its own
    r"""|'''.*?'{3,5}"""
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'"""
    r"""|\#[^\n]*|\n|[\[\]{}=]|[^\s"'\#\[\]{}=]+|[^\S\n]+""",
    re.DOTALL,
)


@dataclass
class TomlLines:
    """The lines (from 1) of what is written in a TOML text.

    Examples
    --------
    >>> lines = TomlLines.scan('name = "x"\\n[rule]\\nmatch = "word"  # how\\n')
    >>> lines.of_key(("rule", "match")), lines.of_string(("rule",), "word")
    (3, 3)
    """

    keys: list[tuple[Path, int]] = field(default_factory=list)
    strings: list[tuple[Path, str, int]] = field(default_factory=list)

    @classmethod
    def scan(cls, text: str) -> TomlLines:
        """Scan a text that `tomllib` accepts."""
        found = cls()
        table: Path = ()
        for line, statement in _statements(text):
            if statement[0][1] == "[":
                table = _path_of("".join(token for _, token in statement))
                found.keys.append((table, line))
                continue
            equals = next(i for i, (_, token) in enumerate(statement) if token == "=")
            scope = table + _path_of("".join(token for _, token in statement[:equals]) + "=0")
            found.keys.append((scope, line))
            for at, token in statement[equals + 1 :]:
                if token[0] in "\"'":
                    found.strings.append((scope, tomllib.loads(f"x={token}")["x"], at))
        return found

    def of_key(self, path: Path, nth: int = 0) -> int | None:
        """Return the line of the `nth` table or key `path`, or of the nearest one around it."""
        while path:
            lines = [line for written, line in self.keys if written == path]
            if lines:
                return lines[min(nth, len(lines) - 1)]
            path, nth = path[:-1], 0
        return None

    def of_string(self, path: Path, value: str, nth: int = 0) -> int | None:
        """Return the line of the `nth` string `value` under `path`, or else the line of `path`."""
        lines = [
            line for scope, text, line in self.strings if scope[: len(path)] == path and text == value
        ] or [line for scope, text, line in self.strings if path[: len(scope)] == scope and text == value]
        return lines[nth] if nth < len(lines) else self.of_key(path)


def _statements(text: str) -> Iterator[tuple[int, list[tuple[int, str]]]]:
    """Yield each table header and each assignment as (line, its tokens with their lines)."""
    line, depth = 1, 0
    statement: list[tuple[int, str]] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token == "\n" and depth == 0 and statement:
            yield statement[0][0], statement
            statement = []
        elif not token.isspace() and not token.startswith("#"):
            statement.append((line, token))
            depth += (token in "[{") - (token in "]}")
        line += token.count("\n")
    if statement:
        yield statement[0][0], statement


def _path_of(written: str) -> Path:
    """Return the keys that a header or the left side of an assignment names."""
    value: object = tomllib.loads(written)
    path: Path = ()
    while isinstance(value, (dict, list)) and value:
        if isinstance(value, list):
            value = value[0]
        else:
            key, value = next(iter(value.items()))
            path += (key,)
    return path
