"""The characters of a text against all items at once: a small machine over classes of characters.

A state is the set of places in items that the text so far has reached, and what the last character
was. Nothing is absorbed: after a whole item has gone by the machine goes on, so that a state has a
meaning after a leak as well (a graded ban lets some through) and after any prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from reasonlens.bans.alphabet import Alphabet
from reasonlens.bans.items import CHAR, SPACES, STAR, Item

__all__ = ["RELEASED", "Machine", "machine_of"]

BORDER, INSIDE, AFTER_BACKSLASH = range(3)
RELEASED = 3

_State = tuple[frozenset[int], int]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine over symbols, that says at each step whether an item is now known to be there.

    State 0 is the start of a text. An item with a boundary on its right is known to be there only
    with the character after it; until then the state is *pending*.

    Attributes
    ----------
    step
        The next state, shape (states, symbols).
    hit
        Whether the step shows an item, same shape.
    pending
        Whether an item stands complete if the text ends here, shape (states,).
    settle
        The state without its pending items, shape (states,).
    border
        The state if a text may also start right here (a special token, the end of the prompt): what
        was begun goes on, and anything can begin, shape (states,).
    plain
        The state in which the same last character stands and nothing is begun, shape (states,).
    released
        The state in which nothing is banned any more.
    """

    step: npt.NDArray[np.int64]
    hit: npt.NDArray[np.bool_]
    pending: npt.NDArray[np.bool_]
    settle: npt.NDArray[np.int64]
    border: npt.NDArray[np.int64]
    plain: npt.NDArray[np.int64]
    released: int


def machine_of(items: Sequence[Item], alphabet: Alphabet, release: Sequence[Item] = ()) -> Machine:
    """Return the machine of `items` over the classes of `alphabet`.

    Parameters
    ----------
    items
        What is banned.
    alphabet
        Made of `items` and `release`.
    release
        After one of these nothing is banned any more.
    """
    return _Builder([*items, *release], len(items), alphabet).machine()


class _Builder:
    """Places are numbered through all items; each item has one more than it has elements."""

    def __init__(self, items: Sequence[Item], n_banned: int, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self._steps: list[Callable[[int, int], tuple[frozenset[int], bool, bool]]] = []
        self._first: list[tuple[int, bool]] = []
        self._pending: set[int] = set()
        self._elements: list[tuple[Item, int, int]] = []  # item, place within it, its first place
        for number, item in enumerate(items):
            base = len(self._elements)
            self._first.append((base, item.left))
            if item.right and number < n_banned:
                self._pending.add(base + len(item.elements))
            self._elements += [(item, place, base) for place in range(len(item.elements) + 1)]
        self._released_from = self._first[n_banned][0] if n_banned < len(items) else len(self._elements)
        self._moves = cache(self._move)
        self._starts = cache(self._start)
        self._accepts = cache(self._accept)

    def _accept(self, codes: frozenset[int], symbol: int) -> bool:
        return int(self._alphabet.sample[symbol]) in codes

    def _move(self, place: int, symbol: int) -> tuple[frozenset[int], bool, bool]:
        """Return the places after `place` with a symbol, and whether that ends an item or a release."""
        item, at, base = self._elements[place]
        if at == len(item.elements):
            return frozenset(), not self._alphabet.core[symbol], False
        reached: set[int] = set()
        if at and item.elements[at - 1].kind == SPACES and self._alphabet.space[symbol]:
            reached.add(at)
        while True:
            element = item.elements[at]
            if element.kind == STAR:
                if self._alphabet.star[symbol]:
                    reached.add(at)
                at += 1
                continue
            fits = (
                self._accepts(element.codes, symbol)
                if element.kind == CHAR
                else bool(self._alphabet.space[symbol])
            )
            if fits:
                reached.add(at + 1)
            break
        end = len(item.elements)
        ended = end in reached and base + end not in self._pending
        if ended:
            reached.discard(end)
        places = frozenset(base + at for at in reached)
        release = ended and base >= self._released_from
        return places, ended and not release, release

    def _start(self, context: int, symbol: int) -> tuple[frozenset[int], bool, bool]:
        places: set[int] = set()
        hit = release = False
        for base, left in self._first:
            if not left or context == BORDER:
                more, ended, released = self._moves(base, symbol)
                places |= more
                hit |= ended
                release |= released
        return frozenset(places), hit, release

    def _next(self, state: _State, symbol: int) -> tuple[_State, bool]:
        places, context = state
        if context == RELEASED:
            return state, False
        found, hit, release = self._starts(context, symbol)
        if places:
            together = set(found)
            for place in places:
                more, ended, released = self._moves(place, symbol)
                together |= more
                hit |= ended
                release |= released
            found = frozenset(together)
        if release:
            return (frozenset(), RELEASED), hit
        after = AFTER_BACKSLASH if self._alphabet.backslash[symbol] else BORDER
        return (found, INSIDE if self._alphabet.core[symbol] else after), hit

    def machine(self) -> Machine:
        symbols = range(len(self._alphabet.sample))
        number: dict[_State, int] = {}
        order: list[_State] = []

        def of(state: _State) -> int:
            if state not in number:
                number[state] = len(order)
                order.append(state)
            return number[state]

        of((frozenset(), BORDER))
        released = of((frozenset(), RELEASED))
        steps: list[list[int]] = []
        hits: list[list[bool]] = []
        others: list[tuple[bool, int, int, int]] = []
        pending = frozenset(self._pending)
        while len(steps) < len(order):
            state = places, context = order[len(steps)]
            reached = [self._next(state, symbol) for symbol in symbols]
            steps.append([of(to) for to, _ in reached])
            hits.append([hit for _, hit in reached])
            settled = (places - pending, context)
            border = (settled[0], RELEASED if context == RELEASED else BORDER)
            plain = of((frozenset(), context))
            others.append((bool(places & pending), of(settled), of(border), plain))
        flags, settle, bordered, plains = (np.array(column) for column in zip(*others, strict=True))
        return Machine(np.array(steps, np.int64), np.array(hits), flags, settle, bordered, plains, released)
