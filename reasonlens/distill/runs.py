"""What both trainers share: the packages, the rows, the checkpoints of a run, and what it was told."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reasonlens.core.errors import InputError, MissingExtraError, first_line
from reasonlens.core.manifest import digest_of, manifest
from reasonlens.core.study import write_file

__all__ = [
    "as_installed",
    "begin",
    "device_settings",
    "digest_of_file",
    "finish",
    "last_checkpoint",
    "load_model",
    "packages",
    "rows_file",
]

_TOLD, _DONE = "distill.json", "metrics.json"


def packages() -> Any:
    """Return TRL.

    Raises
    ------
    MissingExtraError
        If it, or what it needs, is not installed.
    """
    for name in ("torch", "transformers", "datasets", "accelerate"):
        try:
            __import__(name)
        except ImportError as error:
            raise MissingExtraError(name, "train", "training") from error
    try:
        import trl
    except ImportError as error:
        raise MissingExtraError("trl", "train", "training") from error
    return trl


@contextmanager
def as_installed() -> Iterator[None]:
    """Keep quiet about what TRL sets and transformers is about to rename: no user can change that."""
    with warnings.catch_warnings():
        pattern = r"`\w*gradient_checkpointing\w*` is deprecated"
        warnings.filterwarnings("ignore", pattern, FutureWarning)
        yield


def rows_file(data: Path) -> Path:
    """Return the file with the rows of a set that `prepare` wrote (or the file itself).

    Raises
    ------
    InputError
        If there is none.
    """
    for path in (data, data / "train.parquet", data / "train.jsonl"):
        if path.is_file():
            return path
    raise InputError(f"{data} has no train.parquet or train.jsonl; make it with: reasonlens distill prepare")


def digest_of_file(path: Path) -> str:
    """Return a digest of the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def device_settings() -> dict[str, Any]:
    """Return what a machine without an accelerator needs: bfloat16 is a default that it may not have."""
    import torch

    there = torch.cuda.is_available() or (hasattr(torch, "xpu") and torch.xpu.is_available())
    return {} if there else {"use_cpu": True, "bf16": False}


def load_model(model: str, trl_config: Any) -> tuple[Any, Any]:
    """Return model and tokenizer; the tokenizer gets a token for padding if it has none.

    Raises
    ------
    InputError
        If it cannot be loaded.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options = dict(trl_config.model_init_kwargs or {})
    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
        loaded = AutoModelForCausalLM.from_pretrained(model, **{"dtype": "auto", **options})
    except (OSError, ValueError) as error:
        raise InputError(f"--model {model}: it cannot be loaded ({first_line(error)})") from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return loaded, tokenizer


def last_checkpoint(out: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end."""
    found = [p for p in out.glob("checkpoint-*") if p.name.removeprefix("checkpoint-").isdigit()]
    found = [p for p in found if _whole(p / "trainer_state.json")]  # this file is written last
    return max(found, key=lambda p: int(p.name.rpartition("-")[2]), default=None)


def _whole(state: Path) -> bool:
    """Tell whether a file holds JSON to its end: a run that was killed may have begun it."""
    try:
        json.loads(state.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def begin(out: Path, told: dict[str, Any]) -> Path | None:
    """Make or check the folder of a run; return the checkpoint to go on from.

    Raises
    ------
    InputError
        If another run, or a finished one, is there.
    """
    path = out / _TOLD
    key = digest_of(told)
    if path.is_file():
        before = json.loads(path.read_text("utf-8"))
        if before.get("key") != key:
            old = before.get("told", {})
            differ = sorted(k for k in {*told, *old} if told.get(k) != old.get(k))
            raise InputError(
                f"{out} holds a run with other settings ({', '.join(differ)}); name another folder with --out"
            )
        if (out / _DONE).is_file():
            raise InputError(f"{out} holds this run, finished; its numbers are in {out / _DONE}")
        return last_checkpoint(out)
    if out.is_dir() and any(out.iterdir()):
        raise InputError(f"{out} is not empty and holds no run; name a new folder with --out")
    out.mkdir(parents=True, exist_ok=True)
    stamp = manifest(command=told.get("command"), key=key, told=told)
    write_file(path, json.dumps(stamp, indent=2).encode() + b"\n")
    return None


def finish(out: Path, trainer: Any, more: dict[str, Any]) -> dict[str, Any]:
    """Save the model; write and return the numbers of the run; part from the other processes."""
    trainer.save_model(str(out))
    whole = {
        "steps": trainer.state.global_step,
        "processes": trainer.accelerator.num_processes,
        **more,
        "log": trainer.state.log_history,
    }
    if trainer.is_world_process_zero():
        trainer.processing_class.save_pretrained(out)
        write_file(out / _DONE, json.dumps(whole, indent=1, allow_nan=True).encode() + b"\n")
    # A process that leaves while others still write has its connections torn down under it: it may abort,
    # and the launcher then kills the one that saves the model.
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()
    return whole
