"""Several bans in one set of tensors against each one's own tables; the coins."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reasonlens.bans.automaton import compile_items
from reasonlens.bans.ban import Ban
from reasonlens.bans.bank import Bank, Rules, coins, signed
from reasonlens.bans.compile_tables import compile_tables
from reasonlens.bans.items import items_of
from reasonlens.bans.vocabulary import Vocabulary
from tests.bans.making import vocabularies


def uniform(seed: int, position: int) -> float:
    """SplitMix64 in plain integers."""

    def mix(value: int) -> int:
        value = (value + 0x9E3779B97F4A7C15) % 2**64
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
        return value ^ (value >> 31)

    return (mix((mix(seed) + position * 0x9E3779B97F4A7C15) % 2**64) >> 11) / 2**53


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6))
def test_coins_are_those_of_plain_integers(seed: int, position: int) -> None:
    found = coins(torch.tensor([signed(seed)]), torch.tensor([position]))
    assert found.tolist() == [uniform(seed, position)]


def test_coins_are_fair() -> None:
    seed, position = torch.arange(200)[:, None], torch.arange(500)[None, :]
    found = coins(seed, position).numpy()
    assert abs(found.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(found[:-1].ravel(), found[1:].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(found[:, :-1].ravel(), found[:, 1:].ravel())[0, 1]) < 0.01


words = st.lists(st.sampled_from(["wait", "hold on", "so", "等", "on"]), max_size=3, unique=True)


@given(st.data())
@settings(max_examples=50)
def test_every_row_is_its_own_table(data: st.DataObject) -> None:
    vocabulary = data.draw(vocabularies())
    policy = st.sampled_from(["complete", "boundary"])
    several = [
        compile_tables(compile_items(items_of(data.draw(words))), vocabulary, data.draw(policy))
        for _ in range(data.draw(st.integers(1, 3)))
    ]
    width = len(vocabulary) + 2
    bank = Bank(width, "cpu")
    rows = [data.draw(st.sampled_from(several)) for _ in range(4)]
    first = [bank.add(tables) for tables in rows]
    own = [tables.start() for tables in rows]
    first = [bank.add(tables) for tables in rows]
    states = torch.tensor([0, *(a + b for a, b in zip(first, own, strict=True))])
    rules = Rules.of([(Ban(["x"]), 0)] * 5, "cpu")
    for _ in range(3):
        logits = torch.zeros(5, width)
        bank.apply(logits, states, torch.zeros(5, dtype=torch.int64), rules, tossed=False)
        assert not logits[0].any()  # state 0 is free
        for row, (tables, state) in enumerate(zip(rows, own, strict=True), start=1):
            found = torch.nonzero(logits[row] == -torch.inf).flatten().tolist()
            assert found == tables.forbidden(state).tolist()
        tokens = data.draw(st.lists(st.integers(-1, width), min_size=5, max_size=5))
        states = bank.advance(states, torch.tensor(tokens))
        own = [t.next(s, token) for t, s, token in zip(rows, own, tokens[1:], strict=True)]
        assert states.tolist() == [0, *(a + b for a, b in zip(first, own, strict=True))]


def test_long_lists_are_flags_and_mean_the_same() -> None:
    tokens = (*(f"x{i}".encode() for i in range(9000)), b" y", b" ")
    vocabulary = Vocabulary(tokens, {})
    tables = compile_tables(compile_items(items_of(["x*", "y"])), vocabulary)
    bank = Bank(len(tokens), "cpu")
    first = bank.add(tables)
    logits = torch.zeros(2, len(tokens))
    rules = Rules.of([(Ban(["x"], penalty=-2.0), 0)] * 2, "cpu")
    bank.apply(logits, torch.tensor([first, 0]), torch.zeros(2, dtype=torch.int64), rules, tossed=False)
    assert logits.sum(dim=1).tolist() == [-18002.0, 0.0]


def test_half_precision_logits_keep_their_type() -> None:
    vocabulary = Vocabulary((b" wait", b" x"), {})
    tables = compile_tables(compile_items(items_of(["wait"])), vocabulary)
    bank = Bank(2, "cpu")
    first = bank.add(tables)
    logits = torch.ones(1, 2, dtype=torch.bfloat16)
    rules = Rules.of([(Ban(["wait"]), 0)], "cpu")
    bank.apply(logits, torch.tensor([first]), torch.zeros(1, dtype=torch.int64), rules, tossed=False)
    assert logits.dtype == torch.bfloat16
    assert logits.tolist() == [[-torch.inf, 1.0]]
