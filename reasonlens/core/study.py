"""A study: a folder of tables, each a folder of Parquet parts.

::

    STUDY/study.json                                   what this folder is
    STUDY/traces/PART.parquet                          one part per unit of input
    STUDY/lengths/TEXT/PART.parquet                    TEXT: response, reasoning or answer
    STUDY/counts/TEXT/LEXICON@DIGEST/PART.parquet
    STUDY/estimates/NAME.parquet                       one file per analysis

A part is written in full or not at all (temporary file, fsync, rename), so a run that is
killed loses only the parts in flight, and the next run does only what is missing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from reasonlens.core.errors import InputError
from reasonlens.core.manifest import manifest
from reasonlens.core.tables import TABLES, table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Study", "commit", "is_study", "read_study", "write_file"]

_MARK = "study.json"
_FORMAT = 1
_MANIFEST = b"reasonlens"
_ROW_GROUP = {"traces": 500}  # one trace is read without many others
_ROWS = 65536
_SAFE = re.compile(r"[A-Za-z0-9_@.+-]+")


def is_study(folder: Path) -> bool:
    """Tell whether a folder is a study, whatever its format (its mark may be damaged, too)."""
    return (folder / _MARK).is_file()


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to `path` in full or not at all, and make it last."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    commit(temporary, path)


def commit(temporary: Path, path: Path) -> None:
    """Rename a finished `temporary` file to `path` and make the rename last."""
    temporary.replace(path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Study:
    """A folder of tables keyed by ``trace_id``.

    Parameters
    ----------
    path
        The folder.
    create
        Make the folder if it does not exist.

    Raises
    ------
    InputError
        If the folder is no study, or is not empty and not a study.
    """

    def __init__(self, path: str | os.PathLike[str], *, create: bool = False) -> None:
        self.path = Path(path)
        mark = self.path / _MARK
        if mark.exists():
            self._check(mark)
        elif not create:
            raise InputError(
                f"{self.path} is no study (it holds no {_MARK}). "
                f"Make one with: reasonlens ingest FILES --study {self.path}"
            )
        elif self.path.is_dir() and any(self.path.iterdir()):
            raise InputError(f"{self.path} is not empty and is no study; name a new folder for --study")
        elif self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; --study needs a folder")
        else:
            self.path.mkdir(parents=True, exist_ok=True)
            write_file(mark, json.dumps({"reasonlens_study": _FORMAT}).encode() + b"\n")

    @staticmethod
    def _check(mark: Path) -> None:
        try:
            found = json.loads(mark.read_text("utf-8"))["reasonlens_study"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{mark} is damaged; restore it or make a new study") from error
        if found != _FORMAT:
            raise InputError(f"{mark.parent} has study format {found}; this version reads {_FORMAT}")

    def __repr__(self) -> str:
        return f"Study({str(self.path)!r})"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study for writing; a second writer gets an `InputError`."""
        try:
            import fcntl
        except ImportError:  # Windows: no advisory lock, the last writer of a part wins
            yield
            return
        with (self.path / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise InputError(f"{self.path} is in use by another reasonlens run; wait for it") from error
            for left in self.path.rglob(".*.tmp"):  # of a run that was killed
                left.unlink(missing_ok=True)
            yield

    def part_path(self, name: str, part: str, *folders: str) -> Path:
        """Return where `part` of the table `name` lies (whether it exists or not)."""
        table(name)
        for piece in (*folders, part):
            if not _SAFE.fullmatch(piece) or piece.startswith("."):
                raise InputError(f"{piece!r} cannot be part of a file name in a study")
        return self.path.joinpath(name, *folders, f"{part}.parquet")

    def has(self, name: str, part: str, *folders: str) -> bool:
        """Tell whether `part` of the table `name` has been written."""
        return self.part_path(name, part, *folders).exists()

    def parts(self, name: str, *folders: str) -> list[str]:
        """Return the names of the parts of the table `name`, sorted."""
        return sorted(p.stem for p in self.path.joinpath(name, *folders).glob("*.parquet"))

    def write(
        self, name: str, part: str, data: pa.Table, *folders: str, details: Mapping[str, Any] | None = None
    ) -> Path:
        """Write `data` as `part` of the table `name`, with its manifest; return the path."""
        with self.writer(name, part, *folders, details=details or {}) as write:
            write(data)
        return self.part_path(name, part, *folders)

    @contextmanager
    def writer(self, name: str, part: str, *folders: str, details: Mapping[str, Any]) -> Iterator[Any]:
        """Yield a function that appends tables to `part`; it exists once the block ends.

        `details` may be filled until the block ends: it is read then.
        """
        path = self.part_path(name, part, *folders)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        schema = table(name).schema
        done = False
        try:
            with pq.ParquetWriter(temporary, schema, compression="zstd") as out:

                def write(data: pa.Table) -> None:
                    out.write_table(table(name).conform(data), row_group_size=_ROW_GROUP.get(name, _ROWS))

                yield write
                stamp = json.dumps(manifest(table=name, **details), ensure_ascii=True)
                out.add_key_value_metadata({_MANIFEST.decode(): stamp})
            done = True
        finally:
            if not done:
                temporary.unlink(missing_ok=True)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        commit(temporary, path)

    def rows(self, name: str, part: str, *folders: str) -> int:
        """Return how many rows a part has."""
        return int(pq.read_metadata(self.part_path(name, part, *folders)).num_rows)

    def manifest_of(self, name: str, part: str, *folders: str) -> dict[str, Any]:
        """Return the manifest that was written with a part."""
        stored = pq.read_metadata(self.part_path(name, part, *folders)).metadata or {}
        return dict(json.loads(stored[_MANIFEST])) if _MANIFEST in stored else {}

    def dataset(self, name: str, *folders: str) -> ds.Dataset:
        """Return the table `name` as a lazy pyarrow dataset.

        Raises
        ------
        InputError
            If the study has no such table yet.
        """
        files = sorted(str(p) for p in self.path.joinpath(name, *folders).rglob("*.parquet"))
        if not files:
            raise InputError(f"the study {self.path} has no table {name!r} yet")
        return ds.dataset(files, schema=table(name).schema, format="parquet")

    def read(
        self,
        name: str,
        *folders: str,
        columns: Sequence[str] | None = None,
        where: ds.Expression | None = None,
    ) -> pa.Table:
        """Read the table `name` (or some columns, or some rows) into memory."""
        return self.dataset(name, *folders).to_table(columns=columns, filter=where)

    def tables(self) -> list[str]:
        """Return the names of the tables that this study has."""
        return [name for name in TABLES if any(self.path.joinpath(name).rglob("*.parquet"))]

    def traces(self, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the traces as a DataFrame; name `columns` to leave the texts on disk."""
        return self._frame("traces", columns)

    def lengths(self) -> pd.DataFrame:
        """Return the denominators of every trace as a DataFrame."""
        return self._frame("lengths")

    def counts(self) -> pd.DataFrame:
        """Return the nonzero counts as a DataFrame; zeros come from a join with `lengths`."""
        return self._frame("counts")

    def estimates(self) -> pd.DataFrame:
        """Return the estimates as a DataFrame."""
        return self._frame("estimates")

    def _frame(self, name: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        frame: pd.DataFrame = self.read(name, columns=list(columns) if columns else None).to_pandas()
        return frame


def read_study(path: str | os.PathLike[str]) -> Study:
    """Open an existing study.

    Examples
    --------
    >>> reasonlens.read_study("study").counts()  # doctest: +SKIP
    """
    return Study(path)
