"""How do reasoning models think differently, and does the difference cause the score?

Traces go in; every analysis adds a table keyed by ``trace_id``; statistics turn tables into
estimates; figures and reports only read tables. See `tokens` and `read_study`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reasonlens.core.study import Study as Study
    from reasonlens.core.study import read_study as read_study
    from reasonlens.workflow.api import associate as associate
    from reasonlens.workflow.api import compare as compare
    from reasonlens.workflow.api import diagnose as diagnose
    from reasonlens.workflow.api import draw as draw
    from reasonlens.workflow.api import ingest as ingest
    from reasonlens.workflow.api import keyness as keyness
    from reasonlens.workflow.api import positions as positions
    from reasonlens.workflow.api import score as score
    from reasonlens.workflow.api import tokens as tokens
    from reasonlens.workflow.api_drawn import ban_ablation as ban_ablation
    from reasonlens.workflow.api_drawn import generate as generate
    from reasonlens.workflow.api_judged import agree as agree
    from reasonlens.workflow.api_judged import behaviors as behaviors
    from reasonlens.workflow.api_judged import compare_structure as compare_structure
    from reasonlens.workflow.api_judged import grade as grade
    from reasonlens.workflow.counter import counter as counter

__all__ = [
    "Study",
    "__version__",
    "agree",
    "associate",
    "ban_ablation",
    "behaviors",
    "compare",
    "compare_structure",
    "counter",
    "diagnose",
    "draw",
    "generate",
    "grade",
    "ingest",
    "keyness",
    "positions",
    "read_study",
    "score",
    "tokens",
]

__version__ = "0.1.0"

_API = "reasonlens.workflow.api"
_LAZY = {
    "Study": "reasonlens.core.study",
    "read_study": "reasonlens.core.study",
    **dict.fromkeys(("associate", "compare", "diagnose", "draw", "ingest"), _API),
    **dict.fromkeys(("keyness", "positions", "score", "tokens"), _API),
    **dict.fromkeys(("agree", "behaviors", "compare_structure", "grade"), f"{_API}_judged"),
    **dict.fromkeys(("ban_ablation", "generate"), f"{_API}_drawn"),
    "counter": "reasonlens.workflow.counter",
}


def __getattr__(name: str) -> Any:  # keep `import reasonlens` cheap: pyarrow loads on first use
    if name in _LAZY:
        import importlib

        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'reasonlens' has no attribute {name!r}")
