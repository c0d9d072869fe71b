"""Count with inspect_scout's ``grep_scanner``, in an environment that has it.

``scout_peer.py TRACES PATTERNS``: TRACES holds JSON lines with ``trace_id`` and ``response``, PATTERNS the
entries by category as JSON. Prints one line of JSON. The environment need not have reasonlens.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from inspect_ai.model import ChatMessageAssistant
from inspect_scout import Transcript, grep_scanner, scan, transcripts_db, transcripts_from

IN_MEMORY = 200  # traces: a whole scan of all of them is measured beside


def used() -> float:
    """Return the processor time of this process and of those that it started and that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def transcript(row: dict[str, Any]) -> Transcript:
    """Return a trace as a transcript of one message."""
    said = ChatMessageAssistant(content=row["response"], id=row["trace_id"])
    return Transcript(transcript_id=row["trace_id"], messages=[said], message_count=1)


def in_memory(transcripts: list[Transcript], patterns: dict[str, list[str]]) -> float:
    """Return the processor time of the scanner alone, called with transcripts that are loaded."""
    scanner = grep_scanner(patterns, word_boundary=True)

    async def work() -> None:
        for each in transcripts:
            await scanner(each)

    begin = used()
    asyncio.run(work())
    return used() - begin


def whole(folder: Path, transcripts: list[Transcript], patterns: dict[str, list[str]]) -> dict[str, Any]:
    """Scan a database of transcripts in this process; return what that took and how many hits it found."""

    async def insert() -> None:
        async with transcripts_db(str(folder / "traces")) as database:
            await database.insert(transcripts)

    asyncio.run(insert())
    begin, wall = used(), time.perf_counter()
    status = scan(
        [grep_scanner(patterns, word_boundary=True)],
        transcripts_from(str(folder / "traces")),
        scans=str(folder / "scans"),
        max_processes=1,
        display="none",
    )
    took = {"cpu_s": used() - begin, "wall_s": time.perf_counter() - wall}
    if not status.complete or status.errors:
        raise SystemExit(f"the scan is not complete: {status.errors[:1]}")
    return {**took, "hits": hits(Path(status.location), patterns)}


def hits(scanned: Path, patterns: dict[str, list[str]]) -> int:
    """Add up the values of all labels in the results of a scan."""
    (path,) = scanned.glob("*.parquet")
    sets = pq.read_table(path, columns=["value"]).column(0).to_pylist()
    return sum(each["value"] for found in sets for each in json.loads(found) if each["label"] in patterns)


def main(traces: str, patterns: str) -> None:
    """Measure, and print what was found."""
    with Path(traces).open(encoding="utf-8") as lines:
        transcripts = [transcript(json.loads(line)) for line in lines]
    wanted = json.loads(Path(patterns).read_text("utf-8"))
    size = sum(len(each.messages[0].text.encode()) for each in transcripts[:IN_MEMORY])
    found: dict[str, Any] = {"version": metadata.version("inspect_scout")}
    found["in_memory"] = {"mb": size / 1e6, "cpu_s": in_memory(transcripts[:IN_MEMORY], wanted)}
    with tempfile.TemporaryDirectory(prefix="reasonlens-scout-") as folder:
        found["whole"] = whole(Path(folder), transcripts, wanted)
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
