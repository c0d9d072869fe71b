"""Tables to files that people open: CSV, Parquet, JSON, Markdown, LaTeX.

A trace is hostile input: in CSV a text that a spreadsheet would take for a formula gets a
leading apostrophe (OWASP, "CSV Injection"), while numbers stay numbers; in Markdown and LaTeX the
special characters are escaped.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, TextIO, cast

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from reasonlens.core.cells import inert
from reasonlens.core.errors import InputError
from reasonlens.core.study import commit, write_file

__all__ = ["FORMATS", "STREAMED", "check", "save", "stream"]

STREAMED = (".csv", ".parquet")
"""What `stream` can write, by suffix."""


def save(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame` to `path` in the format that its suffix names.

    Raises
    ------
    InputError
        If the suffix is unknown or the folder does not exist.
    """
    check(path)
    write_file(path, FORMATS[path.suffix.lower()](frame))


def check(path: Path | None, suffixes: Iterable[str] | None = None) -> None:
    """Raise an `InputError` unless `path` (if any) can be written: before the work, not after it."""
    if path is None:
        return
    known = tuple(suffixes or FORMATS)
    if path.suffix.lower() not in known:
        raise InputError(f"{path}: unknown suffix {path.suffix!r}; use one of {', '.join(known)}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")


def stream(parts: Iterable[pa.Table], path: Path) -> int:
    """Write tables one after another to a .csv or .parquet file; return how many rows there were.

    Raises
    ------
    InputError
        If the suffix is another or the folder does not exist.
    """
    check(path, STREAMED)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    rows = 0
    try:
        with ExitStack() as stack:
            write: Callable[[pa.Table], None] | None = None
            for part in parts:
                if write is None:
                    write = _opened(stack, temporary, path.suffix.lower(), part.schema)
                write(part)
                rows += part.num_rows
        commit(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _opened(stack: ExitStack, file: Path, suffix: str, schema: pa.Schema) -> Callable[[pa.Table], None]:
    if suffix == ".parquet":
        writer = stack.enter_context(pq.ParquetWriter(file, schema, compression="zstd"))
        return cast("Callable[[pa.Table], None]", writer.write_table)
    out = stack.enter_context(file.open("w", encoding="utf-8", newline=""))
    out.write(",".join(schema.names) + "\n")

    def write(part: pa.Table) -> None:
        _write_csv(part.to_pandas(), out, header=False)

    return write


def _safe(frame: pd.DataFrame) -> pd.DataFrame:
    safe: pd.DataFrame = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]) and not pd.api.types.is_bool_dtype(safe[name]):
            safe[name] = safe[name].astype("object").map(inert)
    return safe


def _write_csv(frame: pd.DataFrame, out: TextIO, *, header: bool) -> None:
    safe = _safe(frame)
    # A bare carriage return ends a row for most readers, and the csv module does not quote it
    bare = bool(safe.map(lambda value: isinstance(value, str) and "\r" in value).to_numpy().any())
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if bare else csv.QUOTE_MINIMAL
    safe.to_csv(out, index=False, header=header, lineterminator="\n", quoting=quoting)


def _csv(frame: pd.DataFrame) -> bytes:
    out = io.StringIO(newline="")
    _write_csv(frame, out, header=True)
    return out.getvalue().encode()


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def _json(frame: pd.DataFrame) -> bytes:
    text = frame.to_json(orient="records", indent=1, force_ascii=False, double_precision=15)
    return f"{text}\n".encode()


def _grid(frame: pd.DataFrame, style: str) -> bytes:
    import tabulate

    rows = [["" if _undefined(v) else v for v in row] for row in frame.itertuples(index=False)]
    if style == "github":
        rows = [[_markdown(v) if isinstance(v, str) else v for v in row] for row in rows]
    text = tabulate.tabulate(
        rows, [str(c) for c in frame.columns], tablefmt=style, floatfmt=".6g", disable_numparse=False
    )
    return f"{text}\n".encode()


def _markdown(text: str) -> str:
    for char in "\\`*_[]<>|":
        text = text.replace(char, f"\\{char}")
    return " ".join(text.split())


def _undefined(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


FORMATS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".md": lambda frame: _grid(frame, "github"),
    ".tex": lambda frame: _grid(frame, "latex_booktabs"),
}
"""What `save` can write, by suffix."""
