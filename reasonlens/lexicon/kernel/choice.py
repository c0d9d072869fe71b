"""Which engine searches for words: the compiled kernel if it was built, or NumPy. Both give the same results.

The environment variable ``REASONLENS_ENGINE`` (``kernel`` or ``numpy``) forces one.
"""

from __future__ import annotations

import importlib
import os
from functools import cache
from typing import Any

from reasonlens.core.errors import InputError

__all__ = ["VARIABLE", "describe", "kernel"]

VARIABLE = "REASONLENS_ENGINE"


@cache
def _module() -> Any:
    try:
        return importlib.import_module("reasonlens.lexicon.kernel._kernel")
    except ImportError:
        return None


def kernel() -> Any:
    """Return the compiled module, or ``None`` where NumPy serves.

    Raises
    ------
    InputError
        If the environment asks for an engine that does not exist or was not built.
    """
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", "kernel", "numpy"):
        raise InputError(f"{VARIABLE} is {asked!r}; it can be 'kernel' or 'numpy', or not be set")
    if asked == "numpy":
        return None
    module = _module()
    if asked == "kernel" and module is None:
        raise InputError(
            f"{VARIABLE} is 'kernel', but the kernel was not built when reasonlens was installed; install a "
            f"C compiler and reasonlens again, or unset {VARIABLE} to count with NumPy"
        )
    return module


def describe() -> str:
    """Return the engine that serves here, for people."""
    module = kernel()
    if module is not None:
        return f"kernel ({module.instructions()})"
    if _module() is not None:
        return f"numpy ({VARIABLE} says so)"
    return "numpy (the faster kernel is built at installation where there is a C compiler)"
