"""A file in stretches of whole lines: small ones to be counted in turn, large ones to be shared out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

__all__ = ["limited", "pieces", "ranges"]

Read = Callable[[memoryview], int | None]
"""Fills a buffer, as ``readinto`` does: returns how many bytes there are, 0 at the end."""

_LEAST = 2**21  # bytes of a range, where there are more


def pieces(read: Read, size: int) -> Iterator[memoryview]:
    """Yield stretches of whole lines, each until the next; a line longer than `size` comes whole."""
    buffer, filled, n = bytearray(size), 0, 1
    while n:
        if filled == len(buffer):
            buffer = buffer + bytearray(filled)
        n = read(memoryview(buffer)[filled:]) or 0
        end = buffer.rfind(b"\n", filled, filled + n) + 1 if n else filled
        filled += n
        if end:
            yield memoryview(buffer)[:end]
            rest = buffer[end:filled]
            if len(buffer) > size > len(rest):  # after a long line
                buffer = bytearray(size)
            filled = len(rest)
            buffer[:filled] = rest


def ranges(file: BinaryIO, size: int, shares: int) -> Iterator[tuple[int, int]]:
    """Yield where stretches of whole lines start and end: of about `size` bytes, fewer towards the end.

    So `shares` workers end at about the same time.
    """
    start, total = 0, file.seek(0, os.SEEK_END)
    while start < total:
        wanted = min(size, max((total - start) // (2 * shares), _LEAST))
        stop = _line_end(file, start + wanted - 1)
        yield start, stop
        start = stop


def _line_end(file: BinaryIO, at: int) -> int:
    """Return where the line ends that has the byte at `at`."""
    block = 2**14
    while True:
        file.seek(at)
        data = file.read(block)
        if not data:
            return file.seek(0, os.SEEK_END)
        end = data.find(b"\n") + 1
        if end:
            return at + end
        at += len(data)
        block = min(2 * block, _LEAST)


def limited(file: BinaryIO, start: int, stop: int) -> Read:
    """Return what reads from `start` to `stop`."""
    file.seek(start)
    left = stop - start

    def read(buffer: memoryview) -> int:
        nonlocal left
        n = file.readinto(buffer[:left]) or 0  # type: ignore[attr-defined]
        left -= n
        return n

    return read
