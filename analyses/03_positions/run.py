"""Where the markers stand and when the first comes: draws figures/03_positions/ (see README.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reasonlens
from reasonlens import Study
from reasonlens.workflow.analysis import main


def run(study: Study, files: list[str], params: Mapping[str, Any]) -> None:
    """Read the files, then place the hits."""
    reasonlens.ingest(files, study.path)
    reasonlens.positions(study.path, lexicons=params["lexicons"])


if __name__ == "__main__":
    main(__file__, run)
