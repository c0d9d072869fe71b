"""A table: its name, columns and key."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from reasonlens.core.errors import SchemaError

__all__ = ["Table", "integers", "labels", "numbers", "texts"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a study: its name, columns and key."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    doc: str

    def conform(self, data: pa.Table) -> pa.Table:
        """Return `data` with exactly this table's columns, in order and type.

        Raises
        ------
        SchemaError
            If a column is missing or cannot be cast.
        """
        missing = [name for name in self.schema.names if name not in data.column_names]
        if missing:
            raise SchemaError(f"table {self.name!r} lacks the columns {', '.join(missing)}")
        try:
            return data.select(self.schema.names).cast(self.schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise SchemaError(f"table {self.name!r} has a column of another type: {error}") from error


def texts(*names: str) -> list[tuple[str, pa.DataType]]:
    """Return columns of strings."""
    return [(name, pa.string()) for name in names]


def labels(*names: str) -> list[tuple[str, pa.DataType]]:
    """Return columns of strings that repeat much: stored once each."""
    return [(name, pa.dictionary(pa.int32(), pa.string())) for name in names]


def integers(*names: str) -> list[tuple[str, pa.DataType]]:
    """Return columns of whole numbers."""
    return [(name, pa.int64()) for name in names]


def numbers(*names: str) -> list[tuple[str, pa.DataType]]:
    """Return columns of floating-point numbers; undefined is NaN."""
    return [(name, pa.float64()) for name in names]
