"""Presets of training, what overrides them, and how a run is started on many devices."""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonlens.core.errors import DefinitionError, InputError, UnknownNameError

__all__ = ["LAUNCHERS", "Preset", "launch_line", "load_preset", "made", "overrides"]

_PRESETS = Path(__file__).parent / "presets"
_LAUNCH = Path(__file__).parent / "launch"
LAUNCHERS = ("accelerate", "fsdp2", "zero3", "torchrun")
"""Ways to start a run on several devices; each needs the number of processes."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings of a trainer, and weights of rewards."""

    title: str
    source: str
    settings: Mapping[str, Any]
    rewards: Mapping[str, float]


def load_preset(name: str) -> Preset:
    """Return the preset `name` (``sft``, ``rl``), or the one in the TOML file of that path.

    Raises
    ------
    UnknownNameError
        If there is none.
    DefinitionError
        If the file is no TOML, or has other tables than ``settings`` and ``rewards``.
    """
    known = sorted(path.stem for path in _PRESETS.glob("*.toml"))
    path = Path(name) if name.endswith(".toml") else _PRESETS / f"{name}.toml"
    if not path.is_file() or not (name.endswith(".toml") or name in known):
        raise UnknownNameError("preset", name, known)
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path}: not TOML: {error}") from error
    unknown = sorted(set(data) - {"title", "source", "settings", "rewards"})
    if unknown:
        raise DefinitionError(f"{path}: unknown key {unknown[0]!r}; settings belong under [settings]")
    return Preset(
        str(data.get("title", path.stem)),
        str(data.get("source", "")),
        data.get("settings", {}),
        {key: float(weight) for key, weight in data.get("rewards", {}).items()},
    )


def overrides(texts: Sequence[str]) -> dict[str, Any]:
    """Return ``KEY=VALUE`` texts as settings; numbers, true, false, null and lists are read as such.

    Examples
    --------
    >>> overrides(["num-train-epochs=2", "optim=adamw_torch"])
    {'num_train_epochs': 2, 'optim': 'adamw_torch'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, mark, value = text.partition("=")
        if not (mark and key.strip() and value.strip()):
            raise InputError(f"--set {text!r} is not KEY=VALUE, for instance --set learning_rate=2e-5")
        try:
            found[key.strip().replace("-", "_")] = json.loads(value)
        except ValueError:
            found[key.strip().replace("-", "_")] = value.strip()
    return found


def made(config: type, settings: Mapping[str, Any]) -> Any:
    """Return an instance of a trainer's `config` with `settings`.

    Raises
    ------
    InputError
        If a setting is not known (with those of a similar name), or its value is refused.
    """
    fields = {field.name: field for field in dataclasses.fields(config) if field.init}
    for name in settings:
        if name not in fields:
            close = difflib.get_close_matches(name, fields, n=3, cutoff=0.6)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise InputError(f"--set {name}: {config.__name__} has no such setting.{hint}")
        _check_number(name, settings[name], fields[name])
    try:
        return config(**settings)
    except (ValueError, TypeError) as error:
        raise InputError(f"{config.__name__} refuses these settings: {error}") from error


def _check_number(name: str, value: Any, field: dataclasses.Field[Any]) -> None:
    """Refuse a text where the setting is a number: the trainer would fail much later."""
    wanted = isinstance(field.default, (int, float)) and field.type in (int, float, "int", "float")
    if wanted and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise InputError(f"--set {name}={value}: a number is wanted, for instance {name}={field.default}")


def launch_line(launcher: str, processes: int, words: Sequence[str]) -> list[str]:
    """Return the command that starts ``reasonlens`` with `words` in several processes.

    Raises
    ------
    UnknownNameError
        If there is no such launcher.
    """
    if launcher not in LAUNCHERS:
        raise UnknownNameError("launcher", launcher, LAUNCHERS)
    if launcher == "torchrun":
        return ["torchrun", "--standalone", f"--nproc_per_node={processes}", "-m", "reasonlens", *words]
    line = ["accelerate", "launch", f"--num_processes={processes}"]
    if launcher != "accelerate":
        line.append(f"--config_file={_LAUNCH / f'{launcher}.yaml'}")
    return [*line, "-m", "reasonlens", *words]
