"""Items to a minimal automaton over bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from reasonlens.bans.alphabet import Decoder, alphabet_of, decoder_of
from reasonlens.bans.items import Item
from reasonlens.bans.product import product_of
from reasonlens.bans.refine import refined
from reasonlens.bans.search import Machine, machine_of

__all__ = ["Automaton", "compile_items"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Automaton:
    """A deterministic automaton over bytes that shows items as they go by.

    State 0 is the start of a text. Nothing is absorbed: see `reasonlens.bans.search`, where
    `pending`, `settle`, `border` and `plain` are explained.

    Attributes
    ----------
    step
        The next state, shape (states, byte classes).
    hit
        Whether the step shows an item, same shape.
    byte_class
        The class of each byte, shape (256,).
    pending, settle, border, plain
        Per state, shape (states,).
    released
        The state in which nothing is banned any more.
    """

    step: npt.NDArray[np.int32]
    hit: Flags
    byte_class: npt.NDArray[np.uint8]
    pending: Flags
    settle: Ints
    border: Ints
    plain: Ints
    released: int

    def run(self, data: bytes, state: int = 0) -> tuple[int, bool]:
        """Return the state after `data`, and whether it showed an item on the way.

        Examples
        --------
        >>> from reasonlens.bans.items import items_of
        >>> automaton = compile_items(items_of(["wait"]))
        >>> [automaton.run(text)[1] for text in (b"await waiter", b"oh Wait, no")]
        [False, True]
        """
        shown = False
        for byte in data:
            column = self.byte_class[byte]
            shown |= bool(self.hit[state, column])
            state = int(self.step[state, column])
        return state, shown

    def accepts(self, text: str) -> bool:
        """Tell whether no item is in `text`, taken as a whole text."""
        state, shown = self.run(text.encode("utf-8", "replace"))
        return not shown and not self.pending[state]


def compile_items(items: Sequence[Item], latex: str = "count", release: Sequence[Item] = ()) -> Automaton:
    """Return the minimal automaton of `items`.

    Parameters
    ----------
    items
        What is banned.
    latex
        ``"count"``: a word right after a backslash is banned as others are; ``"skip"``: it is spared.
    release
        After one of these has gone by, nothing is banned any more.
    """
    alphabet = alphabet_of([*items, *release], latex)
    machine = _smaller(machine_of(items, alphabet, release))
    return _over_bytes(machine, decoder_of(alphabet), alphabet.other)


def _smaller(machine: Machine) -> Machine:
    others = np.stack([machine.settle, machine.border, machine.plain], axis=1)
    marks = np.stack([machine.pending, np.arange(len(others)) == machine.released], axis=1)
    block = refined(np.concatenate([machine.step, others], axis=1), machine.hit, marks)
    first = np.unique(block, return_index=True)[1]
    return Machine(
        block[machine.step[first]],
        machine.hit[first],
        machine.pending[first],
        block[machine.settle[first]],
        block[machine.border[first]],
        block[machine.plain[first]],
        int(block[machine.released]),
    )


def _over_bytes(machine: Machine, decoder: Decoder, other: int) -> Automaton:
    """Return the product of the machine with the reader of UTF-8, minimized."""
    made = product_of(machine, decoder, other)
    marks = np.stack([made.pending, np.arange(len(made.step)) == made.released], axis=1)
    others = np.stack([made.settle, made.border, made.plain], axis=1)
    block = refined(np.concatenate([made.step, others], axis=1), made.hit, marks)
    first = np.unique(block, return_index=True)[1]
    return Automaton(
        block[made.step[first]].astype(np.int32),
        made.hit[first],
        decoder.byte_class,
        made.pending[first],
        block[made.settle[first]],
        block[made.border[first]],
        block[made.plain[first]],
        int(block[made.released]),
    )
