"""Reinforcement learning on a prepared set with TRL's GRPOTrainer and rewards that are logged apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.distill import runs
from reasonlens.distill.reward_parts import Grader, StructureScorer
from reasonlens.distill.rewards import (
    format_reward,
    make_accuracy_reward,
    make_structure_reward,
    missing_as_mean,
    tag_count_reward,
)
from reasonlens.distill.settings import made
from reasonlens.distill.watch import Hacking, hacking

__all__ = ["Trained", "train"]

_NAMES = ("accuracy", "format", "tag_count", "structure")
_ACCURACY = "accuracy/observed"


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run did: mean rewards of its first and its last logged step, and what looks like hacking.

    ``even`` is the share of groups whose completions all earned the same: nothing is learned from them.
    """

    steps: int
    rows: int
    resumed: int
    rewards: Mapping[str, tuple[float, float]]
    missing: Mapping[str, float]
    even: float
    warnings: tuple[Hacking, ...]
    processes: int


@runs.as_installed()
def train(
    model: str,
    data: Path,
    out: Path,
    settings: Mapping[str, Any],
    *,
    weights: Mapping[str, float],
    grade: Grader,
    structure: StructureScorer | None = None,
    warn: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Train `model` on the problems of the set in `data` into `out`; go on where a killed run stopped.

    Parameters
    ----------
    weights
        Weight by reward (``accuracy``, ``format``, ``tag_count``, ``structure``); 0 leaves one out of the
        learning, but logs it.
    grade, structure
        Who says what is right, and how alike two reasonings are.
    warn
        Called once for each reward that rises while accuracy falls, while it happens.

    Raises
    ------
    MissingExtraError, InputError, UnknownNameError
        If TRL is not installed; a setting, the model or the data cannot be used; a reward is not known.
    """
    trl = runs.packages()
    functions = _functions(weights, grade, structure)
    source = runs.rows_file(data)
    told = {"weights": dict(weights), "model": model, "rows": runs.digest_of_file(source)}
    weighted = {"reward_weights": [float(weights[name]) for name in functions]}
    given = {**runs.device_settings(), **settings, **weighted, "output_dir": str(out)}
    config = made(trl.GRPOConfig, given)
    loaded, tokenizer = runs.load_model(model, config)
    rows = _rows(source)
    with config.main_process_first(local=False):
        first = config.process_index == 0
        key = {"command": "distill rl", **told, **settings}
        resume = runs.begin(out, key) if first else runs.last_checkpoint(out)
    trainer = trl.GRPOTrainer(
        model=loaded,
        reward_funcs=list(functions.values()),
        args=config,
        train_dataset=rows,
        processing_class=tokenizer,
        callbacks=[_watcher([n for n in functions if n != "accuracy"], warn)],
    )
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    found = tuple(_found(trainer.state.log_history, functions))
    runs.finish(out, trainer, {"rows": len(rows), "warnings": [str(x) for x in found]})
    return Trained(
        steps=trainer.state.global_step,
        rows=len(rows),
        resumed=int(resume.name.rpartition("-")[2]) if resume else 0,
        rewards={name: _ends(trainer.state.log_history, f"{name}/observed") for name in functions},
        missing={name: _mean(trainer.state.log_history, f"{name}/missing") for name in functions},
        even=_mean(trainer.state.log_history, "frac_reward_zero_std"),
        warnings=found,
        processes=trainer.accelerator.num_processes,
    )


def _functions(
    weights: Mapping[str, float], grade: Grader, structure: StructureScorer | None
) -> dict[str, Callable[..., Any]]:
    for name in weights:
        if name not in _NAMES:
            raise UnknownNameError("reward", name, _NAMES)
    if weights.get("structure") and structure is None:
        raise InputError(
            "the reward structure needs something that scores it; leave it out with --weight structure=0"
        )
    known = {
        "accuracy": make_accuracy_reward(grade),
        "format": format_reward,
        "tag_count": tag_count_reward,
        **({"structure": make_structure_reward(structure)} if structure is not None else {}),
    }
    return {name: missing_as_mean(known[name], name) for name in _NAMES if name in weights and name in known}


def _rows(source: Path) -> Any:
    """Return the problems: the prompt as the model reads it, and the columns that rewards look at."""
    from datasets import load_dataset

    kind = "parquet" if source.suffix == ".parquet" else "json"
    found = load_dataset(kind, data_files=str(source), split="train")
    missing = sorted({"messages", "prompt", "completion", "problem", "gold"} - set(found.column_names))
    if missing:
        raise InputError(f"{source} has no column {missing[0]}; make it with: reasonlens distill prepare")

    def asked(row: dict[str, Any]) -> dict[str, Any]:
        turns = row["messages"][:-1]
        return {"asked": row["prompt"] or turns, "teacher_text": row["messages"][-1]["content"]}

    keep = ("problem", "gold")
    made_rows = found.map(asked, remove_columns=[name for name in found.column_names if name not in keep])
    return made_rows.rename_column("asked", "prompt")


def _watcher(names: list[str], warn: Callable[[str], None]) -> Any:
    from transformers import TrainerCallback

    class Watcher(TrainerCallback):  # type: ignore[misc]
        """Looks at the log whenever something is logged."""

        said: set[str] = set()  # noqa: RUF012 - one run has one watcher

        def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            for found in _found(state.log_history, names):
                if found.reward not in self.said and state.is_world_process_zero:
                    self.said.add(found.reward)
                    warn(str(found))

    return Watcher()


def _found(log: list[dict[str, float]], names: Any) -> list[Hacking]:
    looked = (hacking(log, f"{name}/observed", _ACCURACY) for name in names if name != "accuracy")
    return [found for found in looked if found is not None]


def _values(log: list[dict[str, float]], key: str) -> list[float]:
    return [row[key] for row in log if key in row and row[key] == row[key]]


def _ends(log: list[dict[str, float]], key: str) -> tuple[float, float]:
    values = _values(log, key)
    return (values[0], values[-1]) if values else (float("nan"), float("nan"))


def _mean(log: list[dict[str, float]], key: str) -> float:
    values = _values(log, key)
    return sum(values) / len(values) if values else float("nan")
