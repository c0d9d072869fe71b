"""Find words in the responses of a study: in a thread, part by part, with results as they come."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reasonlens.view.index import Index, Rows

__all__ = ["Finding", "Search"]

_REMEMBERED = 16
_WAIT = 0.08  # seconds that a page waits for a search, so that a small study needs no second look


@dataclass(slots=True)
class Finding:
    """What a search has found so far: rows of the index, and how many parts it has read."""

    parts: int
    read: int = 0
    rows: list[Rows] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def found(self) -> Rows:
        """Return the rows found so far."""
        held = list(self.rows)
        return np.concatenate(held) if held else np.empty(0, np.int64)


class Search:
    """Searches of one index; the latest are remembered."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._findings: OrderedDict[str, Finding] = OrderedDict()
        self._lock = threading.Lock()
        sizes = np.bincount(index.traces["part"].to_numpy(dtype=np.int64), minlength=len(index.parts))
        self._first = np.concatenate([[0], np.cumsum(sizes)])

    def __call__(self, query: str) -> Finding:
        """Return what is found of `query` so far, starting the search if it is new."""
        text = query.strip()
        with self._lock:
            finding = self._findings.get(text)
            if finding is None:
                finding = self._findings[text] = Finding(len(self._index.parts))
                threading.Thread(target=self._run, args=(text, finding), daemon=True).start()
                while len(self._findings) > _REMEMBERED:
                    self._findings.popitem(last=False)
            self._findings.move_to_end(text)
        finding.done.wait(_WAIT)
        return finding

    def _run(self, text: str, finding: Finding) -> None:
        try:
            for place, part in enumerate(self._index.parts):
                path = self._index.study.part_path("traces", part)
                start = int(self._first[place])
                with pq.ParquetFile(path) as file:
                    for batch in file.iter_batches(batch_size=500, columns=["response"]):
                        hit = pc.match_substring(batch.column(0), text, ignore_case=True).fill_null(False)
                        here = np.flatnonzero(hit.to_numpy(zero_copy_only=False))
                        if len(here):
                            finding.rows.append((here + start).astype(np.int64))
                        start += batch.num_rows
                finding.read = place + 1
        finally:
            finding.done.set()
