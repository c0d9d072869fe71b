"""Builds the compiled counting engine (docs/kernel.md) where there is a C compiler.

Hatchling runs it for wheels and for ``pip install -e .``; ``python hatch_build.py`` builds in place. Without
a compiler the package is built without the engine and counts with NumPy, with the same results.
``REASONLENS_BUILD_KERNEL=0`` leaves the engine out, ``=1`` makes it an error if it cannot be built.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run by hand
    BuildHookInterface = object  # type: ignore[assignment,misc]

VARIABLE = "REASONLENS_BUILD_KERNEL"
FOLDER = Path("reasonlens", "lexicon", "kernel")
BUILT = FOLDER / "_kernel.abi3.so"
FLAGS = ("-std=c11", "-O3", "-DNDEBUG", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra")


class CannotBuild(Exception):
    """The engine cannot be built here, and why."""


def compiler() -> list[str]:
    """Return the command of the C compiler.

    Raises
    ------
    CannotBuild
        If there is none.
    """
    asked = os.environ.get("CC")
    for command in [asked] if asked else [sysconfig.get_config_var("CC"), "cc", "gcc", "clang"]:
        words = shlex.split(command or "")
        if words and shutil.which(words[0]):
            return words
    raise CannotBuild(f"there is no C compiler{f' {asked!r}' if asked else ''}")


def build(root: Path, flags: Sequence[str] = FLAGS, to: Path | None = None) -> Path:
    """Compile the engine and return where it is.

    Raises
    ------
    CannotBuild
        If there is no compiler, or it does not succeed.
    """
    if sys.platform == "win32":
        raise CannotBuild("it is not written for Windows")
    to = to or root / BUILT
    sources = sorted(str(path) for path in (root / FOLDER / "c").glob("*.c"))
    include = sysconfig.get_path("include")
    shared = ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
    extra = shlex.split(os.environ.get("CFLAGS", "")) + shlex.split(os.environ.get("ARCHFLAGS", ""))
    made = to.with_name(f"{to.name}.{os.getpid()}")  # a running program keeps the file that it has open
    command = [*compiler(), *flags, *extra, f"-I{include}", *shared, *sources, "-o", str(made)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotBuild(f"{shlex.join(command)} failed:\n{done.stderr[-2000:]}")
        made.replace(to)
    finally:
        made.unlink(missing_ok=True)
    return to


def platform_tag() -> str:
    """Return the platform part of the name of a wheel that is built here."""
    found = sysconfig.get_platform()
    if sys.platform == "darwin" and not os.environ.get("ARCHFLAGS"):
        found = found.replace("universal2", platform.machine())  # only Python has both
    return found.replace("-", "_").replace(".", "_")


class CustomBuildHook(BuildHookInterface):
    """Puts the engine into wheels, and beside its Python part for editable installations."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build; a wheel with the engine is for this platform and any Python from 3.11 on."""
        root, wish = Path(self.root), os.environ.get(VARIABLE, "")
        try:
            if wish == "0":
                raise CannotBuild(f"{VARIABLE} is 0")
            build(root)
        except CannotBuild as problem:
            if wish == "1":
                raise
            if version == "editable":
                (root / BUILT).unlink(missing_ok=True)  # one of older sources may be there
            self.app.display_warning(f"Without the compiled counting engine (NumPy will count): {problem}")
            return
        build_data["artifacts"].append(f"/{BUILT.as_posix()}")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform_tag()}"


if __name__ == "__main__":
    try:
        print(build(Path(__file__).resolve().parent))
    except CannotBuild as cannot:
        sys.exit(str(cannot))
