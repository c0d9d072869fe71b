"""Several bans in one set of tensors, so that rows with different bans advance and are masked together.

Nothing here looks at a value on the host: on a GPU a step is a handful of small kernels, whatever
the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from reasonlens.bans.ban import Ban
from reasonlens.bans.tables import Tables

__all__ = ["FOREVER", "Bank", "Rules", "coins"]

FOREVER = 2**62
"""The position up to which an unlimited ban holds."""

_LONG = 4096  # a list with more tokens is kept as one flag per token
_GOLDEN, _MIX1, _MIX2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_BITS = 53


@dataclass(frozen=True, slots=True)
class Rules:
    """How the ban of each row holds; four tensors of shape (rows,).

    Attributes
    ----------
    penalty
        What is added to the logits of forbidden tokens.
    probability
        Of the coin at each position; 1 is always.
    seed
        Of the coins.
    until
        The position from which the ban is over.
    """

    penalty: torch.Tensor
    probability: torch.Tensor
    seed: torch.Tensor
    until: torch.Tensor

    @classmethod
    def free(cls, n: int, device: torch.device | str) -> Rules:
        """Return the rules of `n` rows without a ban."""
        return cls(
            torch.zeros(n, dtype=torch.float32, device=device),
            torch.ones(n, dtype=torch.float64, device=device),
            torch.zeros(n, dtype=torch.int64, device=device),
            torch.full((n,), FOREVER, dtype=torch.int64, device=device),
        )

    @classmethod
    def of(cls, bans: Sequence[tuple[Ban, int]], device: torch.device | str) -> Rules:
        """Return the rules of rows, each with a ban and a seed."""
        until = [FOREVER if ban.until is None else ban.until for ban, _ in bans]
        return cls(
            torch.tensor([ban.penalty for ban, _ in bans], dtype=torch.float32, device=device),
            torch.tensor([ban.probability for ban, _ in bans], dtype=torch.float64, device=device),
            torch.tensor([signed(seed) for _, seed in bans], dtype=torch.int64, device=device),
            torch.tensor(until, dtype=torch.int64, device=device),
        )

    def set(self, row: int, ban: Ban, seed: int) -> None:
        """Set one row to the rules of a ban."""
        one = Rules.of([(ban, seed)], "cpu")
        for mine, its in zip(self._parts(), one._parts(), strict=True):
            mine[row] = its[0].item()

    def _parts(self) -> tuple[torch.Tensor, ...]:
        return self.penalty, self.probability, self.seed, self.until

    def clear(self, row: int) -> None:
        """Set one row free."""
        self.penalty[row], self.probability[row], self.until[row] = 0.0, 1.0, FOREVER

    def take(self, rows: torch.Tensor) -> Rules:
        """Return the rules of some rows."""
        return Rules(self.penalty[rows], self.probability[rows], self.seed[rows], self.until[rows])


class Bank:
    """Bans over one vocabulary. State 0 is free of any ban.

    Parameters
    ----------
    width
        Number of logits per row; it may be larger than the vocabulary.
    device
        Where the logits are.
    """

    def __init__(self, width: int, device: torch.device | str) -> None:
        self.width, self.device = width, device
        self._offset: dict[int, int] = {}
        self._tables: list[Tables] = []
        self._n_states = 1

    def add(self, tables: Tables) -> int:
        """Add a ban if it is not there yet; return the number of its state 0."""
        if id(tables) not in self._offset:
            self._offset[id(tables)] = self._n_states
            self._tables.append(tables)
            self._n_states += tables.n_states
            self._join()
        return self._offset[id(tables)]

    def _join(self) -> None:
        """Put all tables behind each other; states, rows and lists are renumbered."""
        n_tokens = self._tables[0].n_tokens
        rows, row_of, keys, values, border, list_of = [], [[0]], [], [], [[0]], [[0]]
        lists: list[list[int]] = [[]]
        rows.append(torch.zeros(1, n_tokens, dtype=torch.int32))
        n_rows = state = 1
        for tables in self._tables:
            own = torch.from_numpy(tables.rows)
            rows.append(torch.where(own < 0, own, own + state))
            row_of.append((tables.row_of + n_rows).tolist())
            keys.append(torch.from_numpy(tables.keys) + state * n_tokens)
            values.append(torch.from_numpy(tables.values) + state)
            border.append((tables.border + state).tolist())
            list_of.append((tables.list_of + len(lists)).tolist())
            ends = zip(tables.starts[:-1].tolist(), tables.starts[1:].tolist(), strict=True)
            lists += [[i for i in tables.ids[low:high].tolist() if i < self.width] for low, high in ends]
            n_rows += len(own)
            state += tables.n_states
        self._n_tokens = n_tokens
        self._rows = torch.cat(rows).to(self.device)
        self._row_of, self._border, self._list_of = (self._flat(part) for part in (row_of, border, list_of))
        self._keys, self._values = torch.cat(keys).to(self.device), torch.cat(values).to(self.device)
        self._lists(lists)

    def _flat(self, parts: list[list[int]]) -> torch.Tensor:
        return torch.tensor(
            [value for part in parts for value in part], dtype=torch.int64, device=self.device
        )

    def _lists(self, lists: list[list[int]]) -> None:
        """Keep short lists padded with their first token, and long ones as flags."""
        short = [found if len(found) <= _LONG else [] for found in lists]
        width = max(1, max(map(len, short)))
        padded = [found + [found[0] if found else 0] * (width - len(found)) for found in short]
        self._padded = torch.tensor(padded, dtype=torch.int64, device=self.device)
        self._filled = torch.tensor([bool(found) for found in short], device=self.device)
        long = [number for number, found in enumerate(lists) if len(found) > _LONG]
        self._flags = None
        if long:
            flags = torch.zeros(len(long) + 1, self.width, dtype=torch.bool)
            which = torch.zeros(len(lists), dtype=torch.int64)
            for place, number in enumerate(long, start=1):
                flags[place, torch.tensor(lists[number])] = True
                which[number] = place
            self._flags, self._which = flags.to(self.device), which.to(self.device)

    def advance(self, states: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Return the states after one token each; both of shape (rows,)."""
        silent = (tokens < 0) | (tokens >= self._n_tokens)
        known = tokens.masked_fill(silent, 0)
        to = self._rows[self._row_of[states], known].long()
        if len(self._keys):
            wanted = states * self._n_tokens + known
            at = torch.searchsorted(self._keys, wanted).clamp_(max=len(self._keys) - 1)
            to = torch.where(self._keys[at] == wanted, self._values[at].long(), to)
        return torch.where(silent | (to < 0), self._border[states], to)

    def apply(
        self,
        logits: torch.Tensor,
        states: torch.Tensor,
        position: torch.Tensor,
        rules: Rules,
        *,
        tossed: bool,
    ) -> torch.Tensor:
        """Add the penalties to the logits of forbidden tokens, in place.

        Parameters
        ----------
        logits
            Shape (rows, width).
        states, position
            The state of each row, and how many tokens its response has; shape (rows,).
        rules
            The rules of each row.
        tossed
            Whether any row has a probability below 1.
        """
        holds = position < rules.until
        if tossed:
            holds &= coins(rules.seed, position) < rules.probability
        which = self._list_of[states]
        ids = self._padded[which]
        penalty = torch.where(holds, rules.penalty, 0.0).to(logits.dtype)
        values = logits.gather(1, ids)
        own = torch.where(self._filled[which], penalty, torch.zeros_like(penalty))
        logits.scatter_(1, ids, values + own[:, None])
        if self._flags is not None:
            logits += torch.where(
                self._flags[self._which[which]], penalty[:, None], torch.zeros_like(penalty)[:, None]
            )
        return logits


def signed(value: int) -> int:
    """Return `value` modulo 2**64 as a signed number of 64 bits."""
    return (value + 2**63) % 2**64 - 2**63


def coins(seed: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """Return a number from 0 up to 1 for each seed and position, shape of both.

    SplitMix64 (Steele, Lea, Flood 2014, doi 10.1145/2660193.2660195) of the seed, and again of
    that with the position: the same on every machine and after an interruption.
    """
    mixed = _mix(_mix(seed) + position * signed(_GOLDEN))
    return _shifted(mixed, 64 - _BITS).double() * 2.0**-_BITS


def _mix(value: torch.Tensor) -> torch.Tensor:
    value = value + signed(_GOLDEN)
    value = (value ^ _shifted(value, 30)) * signed(_MIX1)
    value = (value ^ _shifted(value, 27)) * signed(_MIX2)
    return value ^ _shifted(value, 31)


def _shifted(value: torch.Tensor, by: int) -> torch.Tensor:
    """Shift to the right as if the numbers were unsigned."""
    return (value >> by) & (2 ** (64 - by) - 1)
