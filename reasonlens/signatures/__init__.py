"""Failure signatures: one module of this folder each, found by its file name.

A module has

- ``TITLE``: what the signature is, in a few words;
- ``MEASURES``: what is estimated, each with its threshold (`Measure`);
- ``look(trace, settled)``: what one trace says of these measures (`Seen` by measure name);
- optionally ``prepare(trace)`` and ``settle(weights)``: a quantity that needs all traces of a model
  first (a limit of length, a quantile). ``prepare`` gives numbers with weights, ``settle`` turns
  the numbers of one model into the `settled` value of ``look``.

A signature says what the texts look like. It does not say why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from reasonlens.core import registry

__all__ = ["ABOVE", "BELOW", "Measure", "Seen", "Signature", "Tokens", "Trace", "excerpt", "load", "names"]

_FOLDER = "reasonlens.signatures"
_QUOTE = 100

ABOVE, BELOW = "above", "below"
"""On which side of the threshold a measure is flagged."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a trace with log-probabilities, shape (T,): entropy in nats (the midpoint of its
    bounds), the bounds, and which tokens are in a lexicon word; `quote` has the most uncertain."""

    entropy: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    in_lexicon: npt.NDArray[np.bool_]
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a signature sees of a trace (columns of the ``traces`` table, and counts).

    ``hits`` has the hits of ``anthropomorphic``, ``logical_connectors`` and ``alternatives``;
    ``tokens`` is ``None`` without log-probabilities.
    """

    trace_id: str
    response: str = ""
    reasoning: str = ""
    answer: str = ""
    gold: str | None = None
    finish: str | None = None
    think_rule: str = "none"
    health: tuple[str, ...] = ()
    n_model_tokens: int | None = None
    n_words: int = 0
    hits: Mapping[str, int] = field(default_factory=dict)
    tokens: Tokens | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one trace adds to a measure: `x` out of `of` (and `y` out of `of`, for a difference).

    Without a denominator (``of == 0``) the trace says nothing, and `why` says why. `quote` is the
    evidence, where the trace shows the sign.
    """

    x: float
    of: float = 1.0
    y: float = 0.0
    quote: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One estimated quantity of a signature.

    Attributes
    ----------
    name
        Unique within the signature.
    title
        What is estimated, as shown.
    kind
        ``"share"`` (of responses, `Seen.x` 0 or 1), ``"difference"`` (of the shares of `x` and `y`),
        ``"ratio"`` (of the sums of `x` and `of`) or ``"against"`` (that ratio over the one of the other
        models, on the problems that both have).
    threshold, side
        Flagged if the estimate is surely above (or below) the threshold.
    without
        Health flags; the estimate is repeated without traces that carry one.
    """

    name: str
    title: str
    threshold: float
    kind: str = "share"
    side: str = ABOVE
    without: tuple[str, ...] = ("looping", "truncated")
    unit: str = "share of responses"


class Signature(Protocol):
    """What a module of this folder offers; see the module documentation."""

    TITLE: str
    MEASURES: Sequence[Measure]
    look: Callable[[Trace, Any], Mapping[str, Seen]]


Prepared = Iterable[tuple[float, float]]


@cache
def names() -> tuple[str, ...]:
    """Return the names of all signatures, sorted."""
    return tuple(registry.names(_FOLDER))


@cache
def load(name: str) -> Signature:
    """Return the signature called `name`.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    return cast("Signature", registry.load(_FOLDER, name))


def excerpt(text: str, at: int = 0, *, end: bool = False) -> str:
    """Return a quote of at most 100 characters on one line, from `at` on or up to it (``end``).

    Examples
    --------
    >>> excerpt("So  we\\nadd.", 4)
    'we add.'
    """
    piece = text[max(0, at - _QUOTE) : at] if end else text[at : at + _QUOTE]
    return " ".join(piece.split())
