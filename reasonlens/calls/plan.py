"""What a run would ask and cost, before it does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from reasonlens.calls import Endpoint, Request, Sampling, request_key
from reasonlens.calls.journal import Journal
from reasonlens.calls.prices import Prices, load

__all__ = ["Plan", "plan", "tokens_in"]

_CHARS_PER_TOKEN = (4.5, 2.5)  # prose to dense mathematics
_ANSWER_TOKENS = 250  # a usual answer; the most is what sampling allows


def tokens_in(chars: int) -> tuple[int, int]:
    """Return about how many tokens so many characters are: of prose, and of dense mathematics.

    Examples
    --------
    >>> tokens_in(9000)
    (2000, 3600)
    """
    return int(chars / _CHARS_PER_TOKEN[0]), int(chars / _CHARS_PER_TOKEN[1])


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls to make, and those that need none.

    Attributes
    ----------
    requests, calls, from_journal, duplicates, waiting
        ``requests`` is the sum of the others; ``waiting`` are in a batch that is on its way.
    prompt_tokens, completion_tokens
        Least and most expected.
    cost
        Least and most in US dollars, or ``None`` if the price is not known.
    price_date
        Of the price table.
    """

    requests: int
    calls: int
    from_journal: int
    duplicates: int
    prompt_tokens: tuple[int, int]
    completion_tokens: tuple[int, int]
    cost: tuple[float, float] | None
    price_date: str
    waiting: int = 0

    def seconds(self, concurrency: int, latency: float = 6.0) -> float:
        """Return about how long the calls take, at `latency` seconds each."""
        return self.calls * latency / max(1, concurrency)


def plan(
    requests: Iterable[Request],
    endpoint: Endpoint,
    sampling: Sampling,
    journal: Journal | None,
    prices: Prices | None = None,
    *,
    batch: bool = False,
    settled: Callable[[str, Request], bool] = lambda key, request: True,
    under_way: Collection[str] = frozenset(),
) -> Plan:
    """Count what is to be asked and estimate its price.

    Parameters
    ----------
    requests
        All of them; only their keys are held.
    journal
        Where answers may be already.
    batch
        Whether the Batch API is used.
    settled
        Whether what the journal holds for a key will do; what will not is asked again.
    under_way
        Keys that are in a batch already.
    """
    table = prices or load()
    known = journal.keys() if journal is not None else {}
    seen: set[str] = set()
    total = held = waiting = chars = 0
    for request in requests:
        total += 1
        key = request_key(endpoint, sampling, request)
        if key in seen:
            continue
        seen.add(key)
        if key in known and settled(key, request):
            held += 1
        elif key in under_way:
            waiting += 1
        else:
            chars += sum(len(content) for _, content in request.messages) + len(str(request.schema or ""))
    calls = len(seen) - held - waiting
    prompt = tokens_in(chars)
    answer = (calls * min(_ANSWER_TOKENS, sampling.max_tokens), calls * sampling.max_tokens)
    price = table.of(endpoint)
    cost = None
    if price is not None:
        cost = (
            price.of(prompt[0], answer[0], batch=batch),
            price.of(prompt[1], answer[1], batch=batch),
        )
    return Plan(total, calls, held, total - len(seen), prompt, answer, cost, table.date, waiting)
