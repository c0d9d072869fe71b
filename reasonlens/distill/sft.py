"""Supervised fine-tuning on a prepared set with TRL's SFTTrainer. Only the response is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError
from reasonlens.distill import runs
from reasonlens.distill.settings import made

__all__ = ["Trained", "train"]


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run did; `resumed` is the step that it went on from.

    ``truncated`` counts the rows cut at the limit of tokens, ``empty`` those of which only the prompt was
    left: TRL drops them.
    """

    steps: int
    rows: int
    truncated: int
    empty: int
    resumed: int
    loss_first: float
    loss_last: float
    processes: int


@runs.as_installed()
def train(model: str, data: Path, out: Path, settings: Mapping[str, Any]) -> Trained:
    """Fine-tune `model` on the set in `data` into `out`; go on where a killed run stopped.

    Raises
    ------
    MissingExtraError
        If TRL is not installed.
    InputError
        If a setting, the model or the data cannot be used, or `out` holds another run.
    """
    trl = runs.packages()
    source = runs.rows_file(data)
    config = made(trl.SFTConfig, {**runs.device_settings(), **settings, "output_dir": str(out)})
    loaded, tokenizer = runs.load_model(model, config)
    rows = _rows(source, tokenizer)
    told = {"command": "distill sft", "model": model, "rows": runs.digest_of_file(source)}
    with config.main_process_first(local=False):
        resume = (
            runs.begin(out, {**told, **settings}) if config.process_index == 0 else runs.last_checkpoint(out)
        )
    truncated = _truncated(rows, tokenizer, config.max_length)
    trainer = trl.SFTTrainer(model=loaded, args=config, train_dataset=rows, processing_class=tokenizer)
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    empty = 0 if config.packing else len(rows) - len(trainer.train_dataset)
    runs.finish(out, trainer, {"rows": len(rows), "truncated": truncated, "not_learned": empty})
    losses = [step["loss"] for step in trainer.state.log_history if "loss" in step]
    return Trained(
        steps=trainer.state.global_step,
        rows=len(rows),
        truncated=truncated,
        empty=empty,
        resumed=int(resume.name.rpartition("-")[2]) if resume else 0,
        loss_first=losses[0] if losses else float("nan"),
        loss_last=losses[-1] if losses else float("nan"),
        processes=trainer.accelerator.num_processes,
    )


def _rows(source: Path, tokenizer: Any) -> Any:
    """Return prompt and completion as TRL reads them: texts, or turns for the tokenizer's own template."""
    from datasets import load_dataset

    kind = "parquet" if source.suffix == ".parquet" else "json"
    found = load_dataset(kind, data_files=str(source), split="train")
    missing = sorted({"messages", "prompt", "completion"} - set(found.column_names))
    if missing:
        raise InputError(f"{source} has no column {missing[0]}; make it with: reasonlens distill prepare")
    drop = [name for name in found.column_names if name not in ("prompt", "completion")]
    if found[0]["prompt"]:
        return found.remove_columns(drop)
    _check_template(found[0]["messages"], tokenizer)
    turns = found.map(
        lambda row: {"asked": row["messages"][:-1], "said": row["messages"][-1:]},
        remove_columns=found.column_names,
    )
    return turns.rename_columns({"asked": "prompt", "said": "completion"})


def _check_template(messages: list[dict[str, str]], tokenizer: Any) -> None:
    """Refuse a chat template that takes the reasoning away: some do, from finished turns."""
    if not tokenizer.chat_template:
        raise InputError(
            "the tokenizer of the model has no chat template; prepare the set with a template of text, "
            "for instance --template qwen25-math-cot"
        )
    rendered = str(tokenizer.apply_chat_template(messages, tokenize=False))
    if messages[-1]["content"].strip() not in rendered:
        raise InputError(
            "the chat template of the model changes the response (many remove what stands in <think>), so "
            "the reasoning would not be learned; prepare the set with a template of text, for instance "
            "--template qwen25-math-cot or r1"
        )


def _truncated(rows: Any, tokenizer: Any, limit: int | None) -> int:
    """Count the rows that lose their end, and with it the answer, at the limit of tokens."""
    if limit is None:
        return 0
    cut = 0
    for row in rows:
        if isinstance(row["prompt"], str):
            n = len(tokenizer(row["prompt"] + row["completion"])["input_ids"])
        else:
            turns = row["prompt"] + row["completion"]
            n = len(tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"])
        cut += n > limit
    return cut
