"""Labels that people give in the viewer: blind, one line each, on disk before the page moves on."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from reasonlens.core.errors import InputError
from reasonlens.view.document import response
from reasonlens.view.index import Index

__all__ = ["ANSWERS", "Labeler"]

_LINE = 1 << 20  # bytes of a line at most: a label has 64 kB

ANSWERS = ("present", "absent", "unclear")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,39}")  # as a judge of `labels` may be called


@dataclass(frozen=True, slots=True)
class Labeler:
    """The labels of one person on one behavior, on a sample that the seed decides.

    The file ``STUDY/human/WHO.jsonl`` has one line per answer, with the passages that were chosen under
    ``quotes``; the last answer for a trace and behavior stands. ``reasonlens agree import`` takes the file
    into the table `labels`.
    """

    index: Index
    who: str
    behavior: str
    size: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for what, name in (("name", self.who), ("behavior", self.behavior)):
            if not _NAME.fullmatch(name):
                raise InputError(
                    f"the {what} {name!r} must be 1 to 40 letters, digits, _ . + or -, and begin with one of "
                    "the first two"
                )

    @property
    def path(self) -> Path:
        """Where the answers go."""
        return self.index.study.path / "human" / f"{self.who}.jsonl"

    def sample(self) -> list[str]:
        """Return the traces to label, in an order that does not depend on who wrote them."""
        ids = np.sort(self.index.traces["trace_id"].to_numpy(dtype=str))
        rng = np.random.default_rng(self.seed)
        return [str(x) for x in rng.permutation(ids)[: self.size]]

    def answers(self) -> dict[str, dict[str, Any]]:
        """Return the last answer for each trace; a line cut off by a crash is passed over."""
        found: dict[str, dict[str, Any]] = {}
        if self.path.exists():
            for line in self.path.read_text("utf-8").splitlines():
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict) and row.get("behavior") == self.behavior:
                    found[str(row.get("trace_id"))] = row
        return found

    def add(self, trace_id: str, verdict: str, spans: Sequence[tuple[int, int]] = ()) -> None:
        """Keep an answer: appended and synced before this returns.

        Raises
        ------
        InputError
            If the verdict, the trace or a span is not one.
        """
        if verdict not in ANSWERS:
            raise InputError(f"{verdict!r} is no answer; give one of {', '.join(ANSWERS)}")
        text = response(self.index, trace_id)
        if any(not 0 <= start < end <= len(text) for start, end in spans):
            raise InputError("a span runs from its start to a later end, both in characters of the response")
        row = {
            "trace_id": trace_id,
            "behavior": self.behavior,
            "verdict": verdict,
            "spans": [list(span) for span in spans],
            "quotes": [text[start:end] for start, end in spans],
            "who": self.who,
            "time": round(time.time(), 3),
        }
        self.path.parent.mkdir(exist_ok=True)
        line = json.dumps(row) + "\n"
        with self.path.open("a+b") as file:
            _drop_half_a_line(file)
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())


def _drop_half_a_line(file: BinaryIO) -> None:
    """Cut off what a crash left after the last whole line: it was never said to be kept."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - _LINE)
    file.seek(start)
    tail = file.read()
    if tail and not tail.endswith(b"\n"):
        file.truncate(start + tail.rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)
