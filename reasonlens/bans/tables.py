"""What a ban means per token: which tokens a state forbids, and which state a token leads to.

In most states most tokens lead where they would lead if nothing had been begun. So the next state
is kept as one row of all tokens per *plain* state (nothing begun), and as exceptions for the
others: 20 words over 150,000 tokens are some megabytes, and a step is one look-up in a row and one
in a sorted list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["POLICIES", "Tables"]

POLICIES = {
    "complete": "no token may leave a banned word standing complete, or have one within it",
    "boundary": "no token may show that a banned word has ended: forces words to go on, leaks at a cut",
}
"""The policies by name, each with what it forbids."""

_TAIL = 512  # tokens of a prompt that can matter: longer than any phrase

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tables:
    """A ban over the tokens of a vocabulary. State 0 is the start of a text.

    Attributes
    ----------
    n_tokens
        Size of the vocabulary; ids from there on add nothing to a text.
    released
        The state in which nothing is forbidden any more.
    rows
        The next state in each plain state, shape (plain states, tokens); -1 for tokens that add
        nothing, which lead to `border`.
    row_of
        The row of `rows` for each state, shape (states,).
    keys, values
        The exceptions: sorted ``state * n_tokens + token``, and the next state.
    border
        The state after a token that adds nothing, or at the end of a prompt, shape (states,).
    list_of
        For each state the number of its list of forbidden tokens, shape (states,).
    starts, ids
        The lists: number k is ``ids[starts[k]:starts[k + 1]]``, ascending.
    """

    n_tokens: int
    released: int
    rows: npt.NDArray[np.int32]
    row_of: npt.NDArray[np.int32]
    keys: Ints
    values: npt.NDArray[np.int32]
    border: npt.NDArray[np.int32]
    list_of: npt.NDArray[np.int32]
    starts: Ints
    ids: npt.NDArray[np.int32]

    @property
    def n_states(self) -> int:
        """Number of states."""
        return len(self.row_of)

    @property
    def n_bytes(self) -> int:
        """Size of all arrays in bytes."""
        return sum(getattr(self, name).nbytes for name in ARRAYS)

    def forbidden(self, state: int) -> npt.NDArray[np.int32]:
        """Return the tokens that `state` forbids, ascending."""
        number = self.list_of[state]
        return self.ids[self.starts[number] : self.starts[number + 1]]

    def next(self, state: int, token: int) -> int:
        """Return the state after `token`."""
        return int(self.advance(np.array([state]), np.array([token]))[0])

    def advance(self, states: npt.NDArray[np.integer], tokens: npt.NDArray[np.integer]) -> Ints:
        """Return the states after one token each, shape of `states`."""
        silent = (tokens < 0) | (tokens >= self.n_tokens)
        known = np.where(silent, 0, tokens).astype(np.int64)
        to = self.rows[self.row_of[states], known].astype(np.int64)
        if len(self.keys):
            wanted = states.astype(np.int64) * self.n_tokens + known
            at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            to = np.where(self.keys[at] == wanted, self.values[at], to)
        to[silent] = -1
        after: Ints = np.where(to < 0, self.border[states], to)
        return after

    def after(self, tokens: list[int], state: int = 0) -> int:
        """Return the state after several tokens."""
        for token in tokens:
            state = self.next(state, token)
        return state

    def start(self, prompt: list[int] | None = None) -> int:
        """Return the state at the end of a prompt: what it begins can be finished by the response.

        A response is also read on its own, so that any word can begin right there. What ends a ban
        ends none that begins with the response.
        """
        state = 0
        for token in (prompt or [])[-_TAIL:]:
            state = self.next(state, token)
            if state == self.released:
                state = 0
        return int(self.border[state])


ARRAYS = ("rows", "row_of", "keys", "values", "border", "list_of", "starts", "ids")
"""The names of the arrays of `Tables`, as they are stored."""
