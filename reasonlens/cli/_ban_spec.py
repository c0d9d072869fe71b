"""A ban experiment as a TOML file: every option of ``reasonlens ban-ablation`` under its own name."""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any

import click

from reasonlens.core.errors import InputError
from reasonlens.core.study import write_file

__all__ = ["read_spec", "write_spec"]

_NOT_KEPT = ("spec", "write_spec", "plan", "explain")  # what to do, not what the experiment is


def read_spec(path: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options with those of a file; what is given on the command line wins.

    Raises
    ------
    InputError
        If the file cannot be read, or has a key or a value that no option takes.
    """
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"--spec {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"--spec {path} is no TOML: {error}") from None
    context = click.get_current_context()
    known = _keys(context)
    found = dict(options)
    for key, value in told.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(sorted(known))}"
            raise InputError(f"--spec {path}: no option is called {key!r}; {hint}")
        option = known[key]
        name = str(option.name)
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            continue
        found[name] = _value(path, key, value, option, context)
    return found


def write_spec(path: Path, options: dict[str, Any]) -> None:
    """Write the experiment that the options describe, as `read_spec` reads it."""
    lines = ["# reasonlens ban-ablation --spec FILE"]
    for key, option in sorted(_keys(click.get_current_context()).items()):
        value = options[str(option.name)]
        if value is None or value == ():
            continue
        lines.append(f"{key} = {_toml(value)}")
    write_file(path, ("\n".join(lines) + "\n").encode())
    click.echo(f"Spec: {path}")


def _keys(context: click.Context) -> dict[str, click.Option]:
    """Return the options by their long names, without dashes in front."""
    return {
        max(option.opts, key=len).removeprefix("--"): option
        for option in context.command.params
        if isinstance(option, click.Option) and option.name not in _NOT_KEPT
    }


def _value(path: Path, key: str, value: Any, option: click.Option, context: click.Context) -> Any:
    if isinstance(value, list) and not option.multiple:
        value = ",".join(str(item) for item in value)  # ban = ["wait", "but"]
    if option.multiple and not isinstance(value, list):
        value = [value]
    try:
        return option.type_cast_value(context, value)
    except click.BadParameter as error:
        raise InputError(f"--spec {path}: {key} = {value!r}: {error.message}") from None


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)
