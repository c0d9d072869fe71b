"""Every command explains itself: a short help on one line, a long help, an example to paste."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reasonlens.cli import cli


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*path, name))


ALL = list(commands(cli))
IDS = [" ".join(path) or "reasonlens" for path, _ in ALL]


@pytest.mark.parametrize(("path", "command"), ALL, ids=IDS)
def test_help_ends_with_examples_that_parse(path: tuple[str, ...], command: click.Command) -> None:
    out = CliRunner().invoke(cli, [*path, "--help"])
    assert out.exit_code == 0, out.output
    _, _, examples = out.output.partition("Example")
    lines = [line.strip() for line in examples.splitlines()[1:] if line.strip()]
    assert lines, "the help ends with no example"
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "reasonlens"
        options = [w.partition("=")[0] for w in words if w.startswith("-")]
        known = {o for _, c in commands(cli) for p in c.params for o in (*p.opts, *p.secondary_opts)}
        assert set(options) <= known | {"--help"}, line


@pytest.mark.parametrize(("path", "command"), ALL[1:], ids=IDS[1:])
def test_the_short_help_is_not_cut(path: tuple[str, ...], command: click.Command) -> None:
    first = (command.help or "").strip().split("\n\n")[0].replace("\n", " ")
    assert first.endswith("."), first
    assert len(command.get_short_help_str(limit=60)) <= 60
    assert not command.get_short_help_str(limit=60).endswith("..."), "shorten the first sentence"


def test_an_unknown_command_that_is_a_file_gets_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out.jsonl").touch()
    out = CliRunner().invoke(cli, ["out.jsonl"])
    assert out.exit_code == 2
    assert "To count the words of a file: reasonlens tokens out.jsonl" in out.output
