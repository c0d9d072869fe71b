"""How far the workers are within their units, told through small files in their pending folders.

A few bytes written twice a second cost nothing, and serve processes, a cluster on a shared disk, and a
run in this process alike. Nothing but a progress bar reads them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

__all__ = ["Bytes", "Here", "watching"]

_NAME = "reached"
_EVERY = 0.5  # seconds


class Here:
    """Tells where one unit is, at most every half second.

    Parameters
    ----------
    folder
        The pending folder of the unit.
    start, size
        The first byte of the unit in its file, and how many it has.
    """

    def __init__(self, folder: Path, start: int, size: int) -> None:
        self._path, self._start, self._size = folder / _NAME, start, size
        self._stream: IO[bytes] | None = None
        self._last = time.monotonic()

    def follow(self, stream: IO[bytes]) -> None:
        """Take `stream`, the file as it is on disk, for what is read."""
        self._stream = stream

    def tell(self) -> None:
        """Tell how far the file has been read."""
        if self._stream is not None and not self._stream.closed:
            self.at(self._stream.tell() - self._start)

    def at(self, n: int) -> None:
        """Tell that `n` bytes of the unit are done."""
        if time.monotonic() - self._last >= _EVERY:
            self._path.write_text(str(max(0, min(n, self._size))), "ascii")
            self._last = time.monotonic()


class Bytes:
    """Bytes done: of whole units, and within those that are pending in a folder.

    Parameters
    ----------
    pending
        Where the units have their folders.
    progress
        Called with how many more bytes are done; never with less than nothing.
    """

    def __init__(self, pending: Path, progress: Callable[[int], None]) -> None:
        self._pending, self._progress = pending, progress
        self._whole = self._told = 0
        self._lock = threading.Lock()

    def done(self, size: int) -> None:
        """Count a unit that is committed."""
        self._whole += size
        self.look()

    def look(self) -> None:
        """Pass on what came to be done since the last look."""
        with self._lock:
            now = self._whole + sum(map(_read, self._pending.glob(f"*/{_NAME}")))
            if now > self._told:
                self._progress(now - self._told)
                self._told = now


def _read(path: Path) -> int:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):  # just removed, or just being written
        return 0


@contextmanager
def watching(pending: Path, progress: Callable[[int], None] | None) -> Iterator[Bytes]:
    """Yield `Bytes` that look by themselves twice a second while the block runs, if anyone listens."""
    bytes_ = Bytes(pending, progress or (lambda _: None))
    if progress is None:
        yield bytes_
        return
    over = threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            bytes_.look()

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield bytes_
    finally:
        over.set()
        watcher.join()
