"""Estimates to figure files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from reasonlens.core import registry
from reasonlens.figures import save

__all__ = ["draw"]

_FOLDER = "reasonlens.figures"


def draw(
    estimates: pd.DataFrame, folder: Path, *names: str, formats: Sequence[str] = ("pdf", "svg", "png")
) -> list[Path]:
    """Draw the figures `names` (all, if none is named) into `folder`; return the files.

    Raises
    ------
    UnknownNameError
        If there is no such figure.
    """
    made: list[Path] = []
    for name in names or registry.names(_FOLDER):
        module = registry.load(_FOLDER, name)
        data = module.data(estimates)
        made += save(module.draw(data), data, folder, name, formats)
    return made
