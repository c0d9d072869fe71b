"""Tables of a study to figure files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType

import pandas as pd
import pyarrow.parquet as pq

from reasonlens.core import registry
from reasonlens.core.cells import plain
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.figures import save
from reasonlens.workflow import pool

__all__ = ["Drawn", "draw", "draw_apart"]

_FOLDER = "reasonlens.figures"


@dataclass(slots=True)
class Drawn:
    """The files that were written, and the figures that could not be drawn with what they lack."""

    files: list[Path] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)


def draw(study: Study, folder: Path, *names: str, formats: Sequence[str] = ("pdf", "svg", "png")) -> Drawn:
    """Draw the figures `names` (all, if none is named) of a study into `folder`.

    A figure whose tables the study lacks is skipped and named.

    Raises
    ------
    UnknownNameError
        If there is no such figure.
    """
    drawn = Drawn()
    for name in names or registry.names(_FOLDER):
        module = registry.load(_FOLDER, name)
        lacking = [need for need in module.NEEDS if not _files(study, need)]
        if lacking:
            drawn.skipped[name] = f"the study has no {' or '.join(lacking)} yet"
            continue
        try:
            data = module.data(*_frames(study, module)).map(_visible)
        except InputError as error:  # the tables are there, but hold nothing for this figure
            drawn.skipped[name] = str(error)
            continue
        drawn.files += save(module.draw(data), data, folder, name, formats)
    return drawn


def _visible(value: object) -> object:
    return plain(value) if isinstance(value, str) else value


def draw_apart(study: Study, folder: Path, name: str, *, apart: bool) -> list[Path]:
    """Draw one figure and return its files; `apart`: in a process, so that its memory is free after."""
    work = partial(_draw_one, study.path, folder)
    (drawn,) = pool.run(work, [name], jobs=1, apart=apart, here=True, preload=["reasonlens.workflow.figures"])
    return drawn[1]


def _draw_one(study: Path, folder: Path, name: str) -> list[Path]:
    return draw(Study(study), folder, name).files


def _files(study: Study, need: str) -> list[Path]:
    """Return the files of a table (``positions``) or of one of its parts (``estimates/tokens``)."""
    table, _, part = need.partition("/")
    return sorted(study.path.joinpath(table).rglob(f"{part or '*'}.parquet"))


def _frames(study: Study, module: ModuleType) -> list[pd.DataFrame]:
    return [
        pd.concat([pq.read_table(path).to_pandas() for path in _files(study, need)], ignore_index=True)
        for need in module.NEEDS
    ]
