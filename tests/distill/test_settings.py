"""Presets, overrides and launch lines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from reasonlens.core.errors import DefinitionError, InputError, UnknownNameError
from reasonlens.distill.settings import launch_line, load_preset, made, overrides


@dataclass
class Config:
    """Stands for the configuration of a trainer."""

    learning_rate: float = 1.0
    max_steps: int = 1
    optim: str = "adam"

    def __post_init__(self) -> None:
        if self.optim == "bad":
            raise ValueError("no such optimizer")


def test_the_presets_are_the_published_ones() -> None:
    sft, rl = load_preset("sft"), load_preset("rl")
    told = {k: sft.settings[k] for k in ("num_train_epochs", "learning_rate", "max_length")}
    assert told == {"num_train_epochs": 5, "learning_rate": 1e-5, "max_length": 16384}
    assert rl.rewards == {"accuracy": 15.0, "format": 10.0, "tag_count": 10.0, "structure": 15.0}
    assert (rl.settings["num_generations"], rl.settings["temperature"]) == (4, 0.7)


def test_overrides_are_read_as_values() -> None:
    read = overrides(["max-steps=3", "learning_rate=2e-5", "packing=true", "optim=adamw", "x=[1]"])
    assert read == {"max_steps": 3, "learning_rate": 2e-5, "packing": True, "optim": "adamw", "x": [1]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rat": 1}, "--set learning_rat: Config has no such setting. Did you mean learning_rate?"),
        ({"max_steps": "many"}, "--set max_steps=many: a number is wanted, for instance max_steps=1"),
        ({"optim": "bad"}, "Config refuses these settings: no such optimizer"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        made(Config, settings)
    assert str(caught.value) == message


def test_mistakes_in_presets_and_overrides(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'x' is not KEY=VALUE"):
        overrides(["x"])
    with pytest.raises(UnknownNameError, match="no preset is named 'stf'"):
        load_preset("stf")
    mine = tmp_path / "mine.toml"
    mine.write_text("max_steps = 3\n", "utf-8")
    with pytest.raises(DefinitionError, match="unknown key 'max_steps'; settings belong under"):
        load_preset(str(mine))
    mine.write_text("[settings]\nmax_steps = 3\n", "utf-8")
    assert load_preset(str(mine)).settings == {"max_steps": 3}


def test_launch_lines_and_their_files() -> None:
    line = launch_line("torchrun", 2, ["distill", "sft"])
    assert line == ["torchrun", "--standalone", "--nproc_per_node=2", "-m", "reasonlens", "distill", "sft"]
    kinds = {"fsdp2": "FSDP", "zero3": "DEEPSPEED"}
    for launcher, kind in kinds.items():
        line = launch_line(launcher, 4, ["distill", "sft"])
        assert line[:3] == ["accelerate", "launch", "--num_processes=4"]
        path = Path(line[3].removeprefix("--config_file="))
        told = yaml.safe_load(path.read_text("utf-8"))
        assert (told["distributed_type"], told["main_process_port"]) == (
            kind,
            0,
        )  # two runs may share a machine
    with pytest.raises(UnknownNameError, match="no launcher is named"):
        launch_line("mpi", 2, [])
