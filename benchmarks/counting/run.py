"""Counting speed against what is usually written for the job, in one run.

Run it with ``make bench``, or ``python benchmarks/counting/run.py``: it prints tables, writes
``results.json`` beside itself, and puts the tables into README.md.
"""

from __future__ import annotations

import argparse

import files
import phases
import report
import texts
from corpus import keep


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description="Counting speed against peers, in one run.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=float, default=40.0, help="MB of text for the fast programs")
    options = parser.parse_args()
    counting = texts.counting(options.size, options.rounds)
    keep("counting", counting)
    texts.show(counting)
    lines = files.files(5 * options.size, options.rounds)
    keep("files", lines)
    files.show(lines)
    profile = phases.phases(options.size, options.rounds)
    keep("phases", profile)
    phases.show(profile)
    report.main()


if __name__ == "__main__":
    main()
