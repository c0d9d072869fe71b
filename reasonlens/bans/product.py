"""A machine over classes of characters, times the reader of UTF-8: a machine over bytes.

Within a character most states of the machine behave alike, because few characters beyond ASCII
matter to any item. So the product has one state per *group* of states within each node of the
reader, not one per state: a hundredth, where an item has Cyrillic or Greek letters.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reasonlens.bans.alphabet import Decoder
from reasonlens.bans.refine import classes_of, refined
from reasonlens.bans.search import Machine

__all__ = ["product_of"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def product_of(machine: Machine, decoder: Decoder, other: int) -> Machine:
    """Return the machine over classes of bytes.

    Parameters
    ----------
    machine
        Over classes of characters.
    decoder
        How bytes make characters.
    other
        The class as which a broken character is read.
    """
    return _Product(machine, decoder, other).machine()


class _Product:
    def __init__(self, machine: Machine, decoder: Decoder, other: int) -> None:
        self._machine, self._decoder, self._other = machine, decoder, other
        self._sure = _sure(machine, decoder)
        n = len(machine.step)
        self._offset, self._group, self._kept = [0], [np.arange(n)], [np.arange(n)]
        for node in range(1, len(decoder.node)):  # what a node leads to has a smaller number
            group = self._alike(node)
            self._offset.append(self._offset[-1] + len(self._kept[-1]))
            self._group.append(group)
            self._kept.append(np.unique(group, return_index=True)[1])

    def _alike(self, node: int) -> Ints:
        """Return the group of each state within a node."""
        machine, klass, to = self._machine, self._decoder.klass[node], self._decoder.node[node]
        read = np.append(np.unique(klass[klass >= 0]), self._other)
        columns = [machine.step[:, read] * 2 + machine.hit[:, read]]
        for below in np.unique(to[to > 0]).tolist():
            columns.append(
                (self._enter(np.arange(len(machine.step)), below) * 2 + self._sure[:, below])[:, None]
            )
        marks = np.stack([machine.pending, np.arange(len(machine.step)) == machine.released], axis=1)
        others = np.stack([machine.settle, machine.border, machine.plain], axis=1)
        return refined(others, classes_of(np.concatenate(columns, axis=1))[:, None], marks)

    def _enter(self, states: Ints, node: int) -> Ints:
        """Return the states of the product within a node; where an item is sure it is shown and settled."""
        kept = np.where(self._sure[states, node], self._machine.settle[states], states)
        return self._offset[node] + self._group[node][kept]

    def machine(self) -> Machine:
        steps: list[Ints] = []
        hits: list[Flags] = []
        for node in range(len(self._decoder.node)):
            step, hit = self._from(node, steps[0] if steps else None, hits[0] if hits else None)
            steps.append(step)
            hits.append(hit)
        machine = self._machine
        settle, border, plain = (
            np.concatenate(
                [
                    at + group[values[kept]]
                    for at, group, kept in zip(self._offset, self._group, self._kept, strict=True)
                ]
            )
            for values in (machine.settle, machine.border, machine.plain)
        )
        pending = np.concatenate([machine.pending[kept] for kept in self._kept])
        return Machine(
            np.concatenate(steps), np.concatenate(hits), pending, settle, border, plain, machine.released
        )

    def _from(self, node: int, root: Ints | None, root_hit: Flags | None) -> tuple[Ints, Flags]:
        """Return the steps from the states within a node."""
        machine, states = self._machine, self._kept[node]
        n_columns = self._decoder.node.shape[1]
        step = np.empty((len(states), n_columns), np.int64)
        hit = np.zeros(step.shape, np.bool_)
        for column in range(n_columns):
            klass, to = int(self._decoder.klass[node, column]), int(self._decoder.node[node, column])
            if klass >= 0:
                step[:, column], hit[:, column] = machine.step[states, klass], machine.hit[states, klass]
            elif to > 0:
                step[:, column], hit[:, column] = self._enter(states, to), self._sure[states, to]
            elif root is not None and root_hit is not None:  # broken: the byte is read again from the root
                after = machine.step[states, self._other]
                step[:, column] = root[after, column]
                hit[:, column] = machine.hit[states, self._other] | root_hit[after, column]
        return step, hit


def _sure(machine: Machine, decoder: Decoder) -> Flags:
    """Tell where every character that can come of the bytes so far shows an item.

    The item is then shown at once: else the policy "boundary" could step into a character from
    which there is no way on.
    """
    sure = np.zeros((len(machine.step), len(decoder.node)), np.bool_)
    for node in range(1, len(decoder.node)):
        klass, to = decoder.klass[node], decoder.node[node]
        sure[:, node] = machine.hit[:, klass[klass >= 0]].all(axis=1) & sure[:, to[to > 0]].all(axis=1)
    return sure & machine.pending[:, None]
