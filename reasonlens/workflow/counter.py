"""Counting as a function from one Arrow table to another, for pipelines that are not ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from reasonlens.core.errors import InputError, SchemaError
from reasonlens.lexicon import definition
from reasonlens.lexicon.count import count_table, entry_index
from reasonlens.lexicon.definition import Lexicon

__all__ = ["Counter", "counter"]


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the categories of one word list in one text column, however the rows are cut; picklable.

    Parameters
    ----------
    lexicon
        What is counted.
    text
        The column of the texts; a null counts as empty.
    """

    lexicon: Lexicon
    text: str = "response"

    def __call__(self, rows: pa.Table) -> pa.Table:
        """Return `rows` without the text, with ``n_chars``, ``n_words`` and ``n_CATEGORY`` of each category.

        Raises
        ------
        SchemaError
            If `rows` is no Arrow table, or has no such text column.
        InputError
            If a column of such a name is there already.
        """
        if not isinstance(rows, pa.Table):
            raise SchemaError(
                f"a counter takes Arrow tables, not {type(rows).__name__} (Ray Data: batch_format='pyarrow')"
            )
        if self.text not in rows.column_names:
            raise SchemaError(f"there is no column {self.text!r} (there are {', '.join(rows.column_names)})")
        texts = {"trace_id": pa.nulls(rows.num_rows, pa.string()), self.text: rows[self.text]}
        counted = count_table(pa.table(texts), [self.lexicon], part=self.text)
        kept = rows.drop_columns([self.text])
        made = {"n_chars": counted["n_chars"], "n_words": counted["n_words"], **self._hits(counted)}
        for name, column in made.items():
            if name in kept.column_names:
                raise InputError(f"there is a column {name!r} already; rename it before counting")
            kept = kept.append_column(name, column)
        return kept

    def _hits(self, counted: pa.Table) -> dict[str, pa.Array]:
        """Return how often the entries of each category occur in each row."""
        categories = [category.name for category in self.lexicon.categories]
        number = {name: i for i, name in enumerate(categories)}
        of_entry = np.array(
            [number[x] for x in entry_index([self.lexicon])["category"].to_pylist()], np.int64
        )
        lists = counted["entry"].combine_chunks()
        row = np.repeat(np.arange(counted.num_rows), np.diff(lists.offsets.to_numpy()))
        category = of_entry[lists.flatten().to_numpy()]
        n = counted["n"].combine_chunks().flatten().to_numpy()
        hits = np.zeros((len(categories), counted.num_rows), np.int64)
        np.add.at(hits, (category, row), n)
        return {f"n_{name}": pa.array(hits[i]) for name, i in number.items()}


def counter(lexicon: str | Path | Lexicon, *, text: str = "response") -> Counter:
    """Return a function that counts a word list in a column of Arrow tables.

    For ``ray.data.Dataset.map_batches`` and whatever else passes tables along. It counts as
    ``reasonlens tokens`` does, and does nothing else: no duplicates are dropped, no intervals made.

    Parameters
    ----------
    lexicon
        The name of a shipped list, a path, or a list that was made.
    text
        The column of the texts.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from reasonlens.lexicon.definition import from_option
    >>> count = counter(from_option("waitlike=wait,hold on"), text="output")
    >>> count(pa.table({"id": [7], "output": ["Wait, wait. Hold on!"]})).to_pylist()
    [{'id': 7, 'n_chars': 20, 'n_words': 4, 'n_waitlike': 3}]
    """
    return Counter(lexicon if isinstance(lexicon, Lexicon) else definition.load(lexicon), text)
