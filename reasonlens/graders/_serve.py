"""The comparing process: pairs come in as lines of JSON, verdicts go out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys

from reasonlens.graders._algebra import compare


def serve(seconds: float, memory: int) -> None:
    """Answer pairs until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    import math_verify  # noqa: F401  # before the first pair, so that its time counts for none

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes elsewhere
    print(json.dumps(["ready", ""]), file=answers, flush=True)
    for line in sys.stdin:
        answer, gold = json.loads(line)
        try:
            verdict = compare(answer, gold, seconds)
        except MemoryError:
            verdict = ("ungradable", "out of memory")
        print(json.dumps(verdict), file=answers, flush=True)
