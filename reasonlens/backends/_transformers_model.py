"""Loading a model with transformers, and what goes wrong there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reasonlens.core.errors import BackendError, InputError, first_line

__all__ = ["load", "no_memory", "usable"]

_NO_MEMORY = ("out of memory", "can't allocate memory", "DefaultCPUAllocator")


def no_memory(error: RuntimeError) -> bool:
    """Tell whether torch means that memory ran out."""
    return any(sign in str(error) for sign in _NO_MEMORY)


def usable(wanted: str) -> str:
    """Return the device that is meant.

    Raises
    ------
    BackendError
        If it is not there.
    """
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise BackendError(
            f"the device {wanted!r} is not usable here ({first_line(error)}); try cpu"
        ) from error
    return wanted


def load(model: str, device: str, dtype: str, revision: str | None) -> tuple[Any, Any]:
    """Return the tokenizer and the model, on its device.

    Raises
    ------
    InputError
        If torch has no such dtype.
    BackendError
        If there is no such model, or it does not fit.
    """
    import torch
    import transformers

    if dtype != "auto" and not isinstance(getattr(torch, dtype, None), torch.dtype):
        raise InputError(f"dtype {dtype!r} is none of torch's; try float32 or bfloat16")
    if model.startswith((".", "/", "~")) and not Path(model).expanduser().is_dir():
        raise BackendError(f"no model is in {model}: there is no such folder")
    source = str(Path(model).expanduser()) if Path(model).expanduser().is_dir() else model
    transformers.utils.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(source, revision=revision)
        loaded = transformers.AutoModelForCausalLM.from_pretrained(
            source, revision=revision, dtype="auto" if dtype == "auto" else getattr(torch, dtype)
        )
        loaded = loaded.to(device).eval()
    except (OSError, ValueError, KeyError) as error:
        raise BackendError(
            f"no model could be loaded from {model!r} ({first_line(error)}); give a folder with "
            "config.json, tokenizer and weights, or the id of a model that is in the local cache"
        ) from error
    except RuntimeError as error:
        if no_memory(error):
            raise BackendError(
                f"{model} does not fit into the memory of {device}; take a smaller model or "
                "--option dtype=bfloat16"
            ) from error
        raise BackendError(f"{model} could not be loaded: {first_line(error)}") from error
    return tokenizer, loaded
