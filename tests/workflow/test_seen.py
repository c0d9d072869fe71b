"""The compact set of ids equals a Python set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.workflow.seen import Seen

name = st.integers(0, 60).map(lambda i: f"{i:024x}")
ids = st.lists(name | name.map(lambda x: x[::-1]) | st.text(max_size=3), max_size=20)  # zeros at the end, too


@given(st.lists(ids, max_size=12))
def test_equal_to_a_set(batches: list[list[str]]) -> None:
    seen, plain = Seen(), set()
    for batch in batches:
        expected = []
        for one in batch:
            expected.append(one in plain)
            plain.add(one)
        assert seen.add(batch).tolist() == expected
        assert len(seen) == len(plain)
