"""How do reasoning models think differently, and does the difference cause the score?

Traces go in; every analysis adds a table keyed by ``trace_id``; statistics turn tables into
estimates; figures and reports only read tables. See `tokens` and `read_study`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reasonlens.core.study import Study as Study
    from reasonlens.core.study import read_study as read_study
    from reasonlens.workflow.api import draw as draw
    from reasonlens.workflow.api import ingest as ingest
    from reasonlens.workflow.api import tokens as tokens

__all__ = ["Study", "__version__", "draw", "ingest", "read_study", "tokens"]

__version__ = "0.1.0"

_LAZY = {
    "Study": "reasonlens.core.study",
    "draw": "reasonlens.workflow.api",
    "ingest": "reasonlens.workflow.api",
    "read_study": "reasonlens.core.study",
    "tokens": "reasonlens.workflow.api",
}


def __getattr__(name: str) -> Any:  # keep `import reasonlens` cheap: pyarrow loads on first use
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'reasonlens' has no attribute {name!r}")
