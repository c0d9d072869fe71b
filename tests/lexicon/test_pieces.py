"""Files in stretches of whole lines: nothing is lost, nothing comes twice, no line is cut."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from reasonlens.lexicon.pieces import limited, pieces, ranges

_DATA = st.lists(st.sampled_from([b"\n", b"a", b"bcd", b"e" * 40]), max_size=30).map(b"".join)


class _Slowly(io.BytesIO):
    """Gives less than it is asked for, as pipes do."""

    def readinto(self, buffer: memoryview) -> int:
        return super().readinto(buffer[:3])


@given(_DATA, st.integers(1, 50), st.sampled_from([io.BytesIO, _Slowly]))
def test_pieces_are_whole_lines(data: bytes, size: int, kind: type[io.BytesIO]) -> None:
    found = [bytes(piece) for piece in pieces(kind(data).readinto, size)]
    assert b"".join(found) == data
    assert all(piece.endswith(b"\n") for piece in found[:-1])
    assert all(found)


def test_the_buffer_of_a_long_line_is_given_back() -> None:
    data = b"x" * 90 + b"\n" + b"1\n" * 200
    sizes = [len(piece) for piece in pieces(io.BytesIO(data).readinto, 4)]
    assert sizes[0] >= 91
    assert sizes[-10:] == [4] * 10


@given(_DATA, st.integers(1, 50), st.integers(1, 3))
def test_ranges_cover_a_file(data: bytes, size: int, shares: int) -> None:
    file = io.BytesIO(data)
    found = list(ranges(file, size, shares))
    assert [start for start, _ in found] == [0, *(stop for _, stop in found)][: len(found)]
    assert (found[-1][1] if found else 0) == len(data)
    for start, stop in found:
        assert data[start:stop].endswith(b"\n") or stop == len(data)
        assert data.find(b"\n", start + size - 1, stop - 1) < 0  # no longer than it must be
        assert b"".join(map(bytes, pieces(limited(file, start, stop), size))) == data[start:stop]


def test_ranges_shrink_towards_the_end() -> None:
    file = io.BytesIO(b"0123456\n" * 2**21)
    sizes = [(stop - start) / 2**20 for start, stop in ranges(file, 3 * 2**20, 2)]
    assert sizes == [3.0, 3.0, 2.5, 2.0, 2.0, 2.0, 1.5]
