"""Starting processes from a program that is not ours."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["without_main"]


@contextmanager
def without_main() -> Iterator[None]:
    """Let processes that start in this block not run the user's script.

    `multiprocessing` imports the main module into a new process in case the work is defined there. A script
    without ``if __name__ == "__main__":`` would begin its own work again in each of them; ours is always
    defined in a module of the package, so that the processes need no main module.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
