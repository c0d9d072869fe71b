"""What ``reasonlens distill sft`` and ``rl`` do and say."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import Any

import click

from reasonlens.cli._print import number, plain, show_table
from reasonlens.core.errors import BackendError, InputError
from reasonlens.distill.settings import Preset, launch_line, load_preset, overrides

__all__ = ["rl", "sft"]


def sft(options: dict[str, Any]) -> None:
    """Fine-tune, or start the processes that do."""
    preset, settings = _settings(options, "sft")
    if _elsewhere(options, "sft", preset, settings):
        return
    from reasonlens.distill.sft import train

    made = train(options["model"], options["data"], options["out"], settings)
    if os.environ.get("RANK", "0") != "0":  # one process speaks for all
        return
    if made.resumed:
        click.echo(f"Went on from step {made.resumed:,}.")
    learned = f"{made.rows - made.empty:,} of {made.rows:,} rows"
    click.echo(
        f"{made.steps:,} steps on {learned}; loss {number(made.loss_first)} -> "
        f"{number(made.loss_last)}; {made.processes} process{'' if made.processes == 1 else 'es'}."
    )
    if made.truncated:
        click.echo(
            f"{made.truncated:,} of {made.rows:,} rows were longer than max_length and lost their answer; "
            "prepare the set with --max-tokens, or raise it with --set max_length=N."
        )
    if made.empty:
        click.echo(f"{made.empty:,} rows were not learned at all: their prompt alone is max_length.")
    click.echo(f"Model: {options['out']}; numbers: {options['out'] / 'metrics.json'}.")
    click.echo(f"Next: reasonlens generate --model {options['out']} --problems FILE --study S")


def _settings(options: dict[str, Any], usual: str) -> tuple[Preset, dict[str, Any]]:
    preset = load_preset(options["preset"] or usual)
    return preset, {**preset.settings, **overrides(options["settings"])}


def _elsewhere(options: dict[str, Any], name: str, preset: Preset, settings: dict[str, Any]) -> bool:
    """Start the launcher, or only say what would run; tell whether nothing is left to do here."""
    line = (
        launch_line(options["launch"], options["processes"], _words(name, options))
        if options["launch"]
        else []
    )
    if options["dry_run"]:
        click.echo(f"Preset: {plain(preset.title)}\n  from {plain(preset.source)}")
        for key, value in settings.items():
            click.echo(f"  {key} = {value}")
        for key, weight in preset.rewards.items():
            click.echo(f"  reward {key}: weight {weight:g}")
        if line:
            click.echo(shlex.join(line))
        return True
    if not line:
        return False
    click.echo(shlex.join(line), err=True)
    module = {"accelerate": "accelerate.commands.accelerate_cli", "torchrun": "torch.distributed.run"}
    done = subprocess.run([sys.executable, "-m", module[line[0]], *line[1:]], check=False)
    if done.returncode:
        raise BackendError(f"{line[0]} ended with exit code {done.returncode}; what it said is above")
    return True


def _words(name: str, options: dict[str, Any]) -> list[str]:
    """Return this command without what starts it in several processes."""
    words = ["distill", name]
    for key in ("model", "data", "out", "preset", "structure"):
        if options.get(key) is not None:
            words.append(f"--{key}={options[key]}")
    words += [f"--set={text}" for text in options["settings"]]
    return words + [f"--weight={text}" for text in options.get("weights", ())]


def rl(options: dict[str, Any]) -> None:
    """Train with rewards, or start the processes that do."""
    preset, settings = _settings(options, "rl")
    weights = {**preset.rewards, **_weights(options["weights"])}
    if _elsewhere(options, "rl", preset, settings):
        return
    from reasonlens.distill.rl import train
    from reasonlens.workflow.distill_rl import grade, scorer_of

    scorer = scorer_of(options["structure"])
    if scorer is None and "structure" not in _weights(options["weights"]) and weights.pop("structure", 0.0):
        _say("No reward for structure, as asked (--structure none).")
    made = train(
        options["model"],
        options["data"],
        options["out"],
        settings,
        weights=weights,
        grade=grade,
        structure=scorer,
        warn=lambda text: _say(f"Warning: {text}"),
    )
    if os.environ.get("RANK", "0") != "0":  # one process speaks for all
        return
    if made.resumed:
        click.echo(f"Went on from step {made.resumed:,}.")
    rows: list[list[object]] = [
        [name, f"{weights[name]:g}", number(first), number(last), f"{made.missing[name]:.1%}"]
        for name, (first, last) in made.rewards.items()
    ]
    heads = ["reward", "weight", "first step", "last step", "missing"]
    show_table(rows, heads, f"{made.steps:,} steps on {made.rows:,} problems", 1)
    if made.even:
        click.echo(
            f"In {made.even:.1%} of groups all completions earned the same: nothing is learned from those."
        )
    for found in made.warnings:
        click.echo(f"Warning: {found}")
    click.echo(f"Model: {options['out']}; every step: {options['out'] / 'metrics.json'}.")


def _weights(texts: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"--weight {text!r} is not REWARD=NUMBER, for instance structure=0") from None
    return found


def _say(text: str) -> None:
    click.echo(text, err=True)
