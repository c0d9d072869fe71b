"""A small bundled set of illustrative traces, composed for this project (see README.md beside it)."""

from __future__ import annotations

from pathlib import Path

__all__ = ["path"]


def path() -> Path:
    """Return the file with the sample traces (JSON lines)."""
    return Path(__file__).with_name("traces.jsonl")
