"""What became of every row: read, kept, repaired, left out and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from reasonlens.readers import Skipped

__all__ = ["Account", "Left"]

_PLACES = 3
_REASONS = 100


@dataclass(slots=True)
class Left:
    """Rows left out for one reason: how many, and where the first few stood."""

    n: int = 0
    places: list[str] = field(default_factory=list)

    def add(self, n: int, places: list[str]) -> None:
        """Count `n` more."""
        self.n += n
        self.places.extend(places[: max(0, _PLACES - len(self.places))])


@dataclass(slots=True)
class Account:
    """The book of an ingest run; accounts of several units add up with `merge`.

    ``rows`` counts what the containers held (lines, items, archive members), ``traces`` what
    was written, ``skipped`` what was left out by reason, ``repaired`` rows whose text was not
    valid and was mended, ``notes`` things done by default that a user may want to know.
    """

    rows: int = 0
    traces: int = 0
    repaired: int = 0
    skipped: dict[str, Left] = field(default_factory=dict)
    notes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)

    @property
    def n_skipped(self) -> int:
        """How many rows or outputs were left out."""
        return sum(left.n for left in self.skipped.values())

    def skip(self, item: Skipped, source: str) -> None:
        """Record something that was left out; details in trailing brackets are not part of the reason."""
        reason = item.reason.partition(" (")[0]
        self._left(reason).add(1, [f"{source}, {item.place}"])

    def _left(self, reason: str) -> Left:
        if reason not in self.skipped and len(self.skipped) >= _REASONS:
            reason = "other reasons"
        return self.skipped.setdefault(reason, Left())

    def merge(self, other: Account) -> None:
        """Add the counts of `other`."""
        self.rows += other.rows
        self.traces += other.traces
        self.repaired += other.repaired
        self.notes.update(other.notes)
        self.formats.update(other.formats)
        for reason, left in other.skipped.items():
            self._left(reason).add(left.n, left.places)

    def as_dict(self) -> dict[str, Any]:
        """Return the account as plain data for a manifest."""
        skipped = {reason: {"n": left.n, "places": left.places} for reason, left in self.skipped.items()}
        return {
            "rows": self.rows,
            "traces": self.traces,
            "repaired": self.repaired,
            "skipped": skipped,
            "notes": dict(self.notes),
            "formats": dict(self.formats),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Account:
        """Return the account that `as_dict` wrote."""
        skipped = {reason: Left(left["n"], list(left["places"])) for reason, left in data["skipped"].items()}
        return cls(
            data["rows"],
            data["traces"],
            data["repaired"],
            skipped,
            Counter(data["notes"]),
            Counter(data["formats"]),
        )
