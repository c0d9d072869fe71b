"""How far a run may go, what it has done, and the limit of cost that it keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from reasonlens.calls.prices import Prices
from reasonlens.core.errors import BackendError

__all__ = ["Budget", "CostLimitError", "Limits", "Progress", "StoppedError"]

_LOOK = 0.02  # seconds between looks at whether a call fits


class CostLimitError(BackendError):
    """The next call could pass the limit of cost; what was paid for is kept."""


class StoppedError(Exception):
    """The run was stopped before a request had its answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a run may go; no part of the key of a request.

    Parameters
    ----------
    concurrency
        Calls at once.
    timeout
        Seconds for one call.
    retries
        How often a call that failed is sent again ("too many requests" does not count).
    parses
        How often an answer of the wrong form is asked for in all.
    patience
        Seconds that a call may wait for a server that is too busy.
    max_cost
        US dollars that this run may spend; needs a known price.
    again
        Ask once more what the journal holds without a usable answer.
    prices
        The price table; default: the package's.
    """

    concurrency: int = 64
    timeout: float = 300.0
    retries: int = 5
    parses: int = 3
    patience: float = 1800.0
    max_cost: float | None = None
    again: bool = False
    prices: Prices | None = None


@dataclass(slots=True)
class Progress:
    """What a run has done so far. ``cost`` is NaN if the price is not known."""

    done: int = 0
    from_journal: int = 0
    duplicates: int = 0
    calls: int = 0
    limited: int = 0
    refused: int = 0
    unparsed: int = 0
    failed: int = 0
    in_flight: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    rate_limit: float | None = None


class Budget:
    """Keeps calls below a limit: one on its way counts with the most that it can cost.

    Parameters
    ----------
    limit
        US dollars, or ``None`` for none.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit, self._spent, self._held, self._calls = limit, 0.0, 0.0, 0

    async def hold(self, most: float, stopped: Callable[[], bool]) -> None:
        """Wait until a call of at most `most` dollars fits beside those on their way.

        Raises
        ------
        CostLimitError
            If it does not fit although nothing is on its way.
        StoppedError
            If the run is stopped meanwhile.
        """
        while self._limit is not None and self._spent + self._held + most > self._limit:
            if stopped():
                raise StoppedError
            if not self._calls:
                raise CostLimitError(
                    f"stopped at ${self._spent:.4f}: the next call could cost ${most:.4f} and pass the "
                    f"limit of ${self._limit:g}; what was answered is kept"
                )
            await asyncio.sleep(_LOOK)
        self._held += most
        self._calls += 1

    def settle(self, most: float, paid: float) -> None:
        """Replace what a call could cost by what it did cost."""
        self._spent += paid
        self._calls -= 1
        self._held = self._held - most if self._calls else 0.0
