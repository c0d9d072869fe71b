"""Processes that compare answers and can be killed: a comparison that hangs or grows harms nothing else.

They are plain child processes with pipes, so they work from scripts, notebooks and threads alike.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType

from reasonlens.core.errors import MissingExtraError

__all__ = ["Workers"]

_GRACE = 3.0  # seconds beyond its own alarms before a process is killed
_START = 120.0  # seconds that a process may take to begin

# The path of this process and no other: a file sympy.py in the working folder changes nothing.
_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from reasonlens.graders._serve import serve; serve(float(sys.argv[1]), int(sys.argv[2]))"
)

Verdict = tuple[str, str]


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    deadline: float
    ready: bool = False
    task: int | None = None


class Workers:
    """A pool of comparing processes; used as a context manager.

    Parameters
    ----------
    jobs
        Number of processes.
    seconds
        For each of the two parses and the comparison; after that and a little more the process is killed.
    memory
        Bytes of address space of a process.

    Raises
    ------
    MissingExtraError
        If math-verify is not installed.
    """

    def __init__(self, jobs: int, seconds: float, memory: int) -> None:
        if find_spec("math_verify") is None:
            raise MissingExtraError("math-verify", "grade", "grading expressions")
        self._command = [sys.executable, "-P", "-c", _CODE, str(seconds), str(memory), json.dumps(sys.path)]
        self._jobs, self._limit = max(1, jobs), 3 * seconds + _GRACE
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in list(self._workers):
            self._end(worker)
        self._selector.close()

    def run(self, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[int, Verdict]]:
        """Yield ``(place in pairs, verdict)`` as comparisons end; every pair gets one."""
        while len(self._workers) < min(self._jobs, len(pairs)):
            self._begin()
        following, left = 0, len(pairs)
        while left:
            for worker in list(self._workers):
                if worker.ready and worker.task is None and following < len(pairs):
                    worker.task, worker.deadline = following, time.monotonic() + self._limit
                    following += 1
                    self._send(worker, pairs[worker.task])
            for task, verdict in self._collect():
                left -= 1
                yield task, verdict

    def _begin(self) -> None:
        process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        worker = _Worker(process, time.monotonic() + _START)
        assert process.stdout is not None
        self._selector.register(process.stdout, selectors.EVENT_READ, worker)
        self._workers.append(worker)

    def _send(self, worker: _Worker, pair: tuple[str, str]) -> None:
        assert worker.process.stdin is not None
        with contextlib.suppress(OSError):  # if it died, its output ends, and `_collect` says so
            worker.process.stdin.write(json.dumps(pair).encode() + b"\n")
            worker.process.stdin.flush()

    def _collect(self) -> Iterator[tuple[int, Verdict]]:
        """Wait for a result or a deadline; replace processes that are late or dead."""
        waited = [w.deadline for w in self._workers if w.task is not None or not w.ready]
        timeout = max(0.0, min(waited, default=time.monotonic()) - time.monotonic())
        for key, _ in self._selector.select(timeout):
            worker: _Worker = key.data
            line = key.fileobj.readline()  # type: ignore[union-attr]
            if not line:
                yield from self._replace(worker, "the comparing process died, most likely for want of memory")
            elif not worker.ready:
                worker.ready = True
            elif worker.task is not None:
                task, worker.task = worker.task, None
                verdict, why = json.loads(line)
                yield task, (verdict, why)
        now = time.monotonic()
        for worker in list(self._workers):
            if (worker.task is not None or not worker.ready) and now >= worker.deadline:
                yield from self._replace(worker, f"killed after {self._limit:g} s")

    def _replace(self, worker: _Worker, why: str) -> Iterator[tuple[int, Verdict]]:
        if not worker.ready:
            self._end(worker)
            raise MissingExtraError(
                "math-verify", "grade", "grading expressions (its process does not start)"
            )
        self._end(worker)
        self._begin()
        if worker.task is not None:
            yield worker.task, ("ungradable", why)

    def _end(self, worker: _Worker) -> None:
        process = worker.process
        assert process.stdin is not None
        assert process.stdout is not None
        self._selector.unregister(process.stdout)
        self._workers.remove(worker)
        process.kill()
        process.stdout.close()
        with contextlib.suppress(OSError):  # what was still to be sent has no reader
            process.stdin.close()
        process.wait()
