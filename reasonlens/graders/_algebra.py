"""One comparison: by values where expressions have some, else by math-verify with its known mistakes caught.

Runs in a process of `_workers`. Two expressions in the same variables are compared by their values at random
points (`_numeric`), all else (sets, intervals, tuples, equations, matrices) by math-verify. What math-verify
0.9.0 calls equal and is not, and how that is caught:

- numbers that agree in the 15 digits it looks at (1/2004! and 1/2006!): values to 30 digits, relatively;
- series with dots ("1, 2, ..., n"): ungradable, since what the dots stand for is not stated;
- an equation where a value is wanted ("2^{10^9} = 1" for 1): sides that are numbers must equal the gold, too;
- letters taken for units ("2t" for 2): its rules for units are off, ours are in `_units`;
- primes that are not read ("y' = y" for "y = y"): derivatives are names (`_formula`);
- words read as products ("east" and "seat"): decided as text before, in `math`.

What it calls different and is not: forms that need a variable to be positive, or i to be imaginary. Values
decide these, too.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Any

from reasonlens.graders._formula import sides, spaced
from reasonlens.graders._numeric import agree

__all__ = ["compare"]

_DOTS = re.compile(r"\\[lcdv]?dots(?![A-Za-z])|…|\.\.\.")


def compare(answer: str, gold: str, seconds: float) -> tuple[str, str]:
    """Return verdict and reason of comparing an answer with the gold, both undressed.

    Runs under math-verify's own alarm of `seconds`, so only in the main thread of a process.
    """
    if _DOTS.search(answer) or _DOTS.search(gold):
        return "ungradable", "dots stand for what is not stated"
    found = sides(spaced(answer), spaced(gold))
    if found is None:
        return "incorrect", "an equation with an empty side"
    mine, theirs = found
    verdicts = [_verified(side, theirs, seconds) for side in mine]
    worst = [v for v in verdicts if v[0] != "correct"]
    return worst[0] if worst else verdicts[-1]


def _verified(answer: str, gold: str, seconds: float) -> tuple[str, str]:
    from math_verify import verify
    from math_verify.errors import TimeoutException
    from math_verify.utils import timeout

    limit = max(1, round(seconds))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target, found = _parsed(gold, limit), _parsed(answer, limit)
            if not target:
                return "ungradable", "the gold is no expression that can be read"
            if not found:
                return "incorrect", "no expression that can be read"
            values = timeout(limit)(agree)(target[0], found[0])
            if values is not None:
                return ("correct", "equal values") if values else ("incorrect", "other values")
            equal = verify(
                target, found, timeout_seconds=limit, raise_on_error=True, allow_set_relation_comp=True
            )
    except TimeoutException:
        return "ungradable", f"no result within {limit} s"
    except MemoryError:
        return "ungradable", "out of memory"
    except RecursionError:
        return "ungradable", "nested too deeply"
    except Exception as error:
        return "ungradable", f"{type(error).__name__} while comparing"
    return ("correct", "algebra") if equal else ("incorrect", "algebra")


def _parsed(text: str, limit: int) -> list[Any]:
    from math_verify import parse

    found: list[Any] = parse(f"\\boxed{{{text}}}", _reading(), parsing_timeout=limit, raise_on_error=True)
    return found


@lru_cache(maxsize=1)
def _reading() -> list[Any]:
    """Return how math-verify reads: LaTeX only (no number out of a formula it cannot read), no units."""
    from math_verify.parser import LatexExtractionConfig, NormalizationConfig

    rules = NormalizationConfig(
        basic_latex=True, units=False, malformed_operators=True, nits=True, boxed="all", equations=False
    )
    return [LatexExtractionConfig(normalization_config=rules)]
