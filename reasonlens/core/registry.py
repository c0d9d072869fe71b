"""Plug-ins: one module in one folder, found by its file name.

Other packages come in through the entry-point group of the same name, for instance
``reasonlens.readers``. A module whose name starts with ``_`` is no plug-in.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from importlib import metadata
from types import ModuleType

from reasonlens.core.errors import UnknownNameError

__all__ = ["load", "names"]

_OFF = "REASONLENS_NO_PLUGINS"  # set while testing, so that installed packages change nothing


def names(folder: str) -> dict[str, str]:
    """Map the name of each plug-in of `folder` to the module that holds it.

    Parameters
    ----------
    folder
        Dotted name of the plug-in package, for instance ``"reasonlens.readers"``.
    """
    package = importlib.import_module(folder)
    found = {
        info.name: f"{folder}.{info.name}"
        for info in pkgutil.iter_modules(package.__path__)
        if not info.name.startswith("_")
    }
    if not os.environ.get(_OFF):
        for point in metadata.entry_points(group=folder):
            found.setdefault(point.name, point.value)
    return dict(sorted(found.items()))


def load(folder: str, name: str) -> ModuleType:
    """Import the plug-in `name` of `folder`.

    Raises
    ------
    UnknownNameError
        If there is no such plug-in.
    """
    known = names(folder)
    if name not in known:
        raise UnknownNameError(folder.rpartition(".")[2].removesuffix("s"), name, known)
    return importlib.import_module(known[name])
