"""Figures: one module per figure, estimates in, a matplotlib figure out.

A plug-in module of this folder has:

``TITLE``
    One line for ``reasonlens list figures``.
``NEEDS``
    The tables of a study that it reads, or parts of them: ``("positions",)``, ``("estimates/tokens",)``.
``data(table, ...)``
    The numbers to plot, as a DataFrame, from those tables.
``draw(frame)``
    The figure of exactly these numbers.

Figures are made without pyplot, so that they leave no global state, and `save` writes the same
bytes for the same numbers.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reasonlens.core.cells import inert
from reasonlens.core.errors import UnknownNameError
from reasonlens.core.manifest import digest_of, manifest, version
from reasonlens.core.study import write_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing

__all__ = ["FORMATS", "Figure", "save"]

FORMATS: dict[str, dict[str, None]] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}
"""Image formats, with the metadata that would differ from run to run left out."""

_DIGITS = 4  # of a place, in shares of the figure


class Figure(Protocol):
    """What a figure module offers (see the module documentation)."""

    TITLE: str
    NEEDS: tuple[str, ...]

    def data(self, *tables: pd.DataFrame) -> pd.DataFrame:
        """Return the numbers to plot, from the tables that the figure needs."""

    def draw(self, frame: pd.DataFrame) -> Drawing:
        """Return the figure of these numbers."""


def save(
    figure: Drawing,
    data: pd.DataFrame,
    folder: Path,
    name: str,
    formats: Sequence[str] = ("pdf", "svg", "png"),
    details: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write a figure, its plotted numbers (``NAME.csv``) and how it was made (``NAME.json``).

    Parameters
    ----------
    figure, data
        What ``draw`` and ``data`` of a figure module returned.
    folder, name
        Where to write; the folder is made if need be.
    formats
        Keys of `FORMATS`.
    details
        What else the manifest should say.

    Returns
    -------
    list of Path
        The files written.
    """
    for kind in formats:
        if kind not in FORMATS:
            raise UnknownNameError("figure format", kind, FORMATS)
    folder.mkdir(parents=True, exist_ok=True)
    _settle(figure)
    written = []
    for kind in formats:
        written.append(folder / f"{name}.{kind}")
        write_file(written[-1], _render(figure, kind))
    table = data.map(inert).to_csv(index=False, lineterminator="\n")
    about = manifest(
        figure=name,
        formats=list(formats),
        data_digest=digest_of(table),
        matplotlib=version("matplotlib"),
        **(details or {}),
    )
    text = json.dumps(about, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
    for path, content in ((folder / f"{name}.csv", table), (folder / f"{name}.json", text)):
        write_file(path, content.encode("utf-8"))
        written.append(path)
    return written


def _settle(figure: Drawing) -> None:
    """Lay a figure out once and round the places: the last digits of the solver differ from run to run."""
    from matplotlib import rc_context

    from reasonlens.figures._style import RC

    with rc_context(RC), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for ax in figure.axes:
        left, bottom, width, height = (round(x, _DIGITS) for x in ax.get_position().bounds)
        ax.set_position((left, bottom, width, height))


def _render(figure: Drawing, kind: str) -> bytes:
    from matplotlib import rc_context

    from reasonlens.figures._style import RC

    buffer = io.BytesIO()
    with rc_context(RC), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a name in another script: a box
        figure.savefig(buffer, format=kind, metadata=FORMATS[kind])
    return buffer.getvalue()
