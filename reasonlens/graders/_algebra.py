"""One comparison by math-verify, with its known false positives caught. Runs in a process of `_workers`.

What math-verify 0.9.0 calls equal and is not, and how it is caught here:

- numbers that agree in the 15 digits it looks at (1/2004! and 1/2006!): compared to 30 digits, relatively;
- series with dots ("1, 2, ..., n"): ungradable, since what the dots stand for is not stated;
- an equation where a value is wanted ("2^{10^9} = 1" for 1): both sides must equal the gold.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

__all__ = ["compare"]

_DOTS = re.compile(r"\\[lcd]?dots|…|\.\.\.")
_EQUATION = re.compile(r"(?<![<>!=\\:])=(?!=)")
_VARIABLE = re.compile(r"\s*\\?[A-Za-z]+(?:_\{?\w+\}?)?(?:\([^()]*\))?\s*")
_DIGITS, _NEAR = 30, 1e-9


def compare(answer: str, gold: str, seconds: float) -> tuple[str, str]:
    """Return verdict and reason of comparing an answer with the gold.

    Runs under math-verify's own alarm of `seconds`, so only in the main thread of a process.
    """
    if _DOTS.search(answer) or _DOTS.search(gold):
        return "ungradable", "dots stand for what is not stated"
    sides = _sides(answer, gold)
    if sides is None:
        return "ungradable", "an equation was given where a value is wanted"
    verdicts = [_verified(side, gold, seconds) for side in sides]
    worst = [v for v in verdicts if v[0] != "correct"]
    return worst[0] if worst else ("correct", "algebra")


def _sides(answer: str, gold: str) -> list[str] | None:
    """Return what must equal the gold: the answer, or the sides of an equation that states a value."""
    parts = _split(answer)
    if len(_split(gold)) > 1 or len(parts) == 1:
        return [answer]
    if _VARIABLE.fullmatch(parts[0]):
        parts = parts[1:]
    return parts if parts and all(part.strip() for part in parts) else None


def _split(text: str) -> list[str]:
    """Return the sides of an equation; a sign inside braces or brackets is no equation."""
    depth, parts, start = 0, [], 0
    signs = {match.start() for match in _EQUATION.finditer(text)}
    for place, char in enumerate(text):
        if char in "{([":
            depth += 1
        elif char in "})]":
            depth -= 1
        elif place in signs and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _verified(answer: str, gold: str, seconds: float) -> tuple[str, str]:
    from math_verify import parse, verify
    from math_verify.errors import TimeoutException

    limit = max(1, round(seconds))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target = parse(f"\\boxed{{{gold}}}", parsing_timeout=limit, raise_on_error=True)
            found = parse(f"\\boxed{{{answer}}}", parsing_timeout=limit, raise_on_error=True)
            if not target or not found:
                side = "gold" if not target else "answer"
                return "ungradable", f"the {side} is no expression that can be read"
            equal = verify(
                target, found, timeout_seconds=limit, raise_on_error=True, allow_set_relation_comp=True
            )
            if equal and _differ(target, found):
                return "incorrect", "equal only in the first digits"
    except TimeoutException:
        return "ungradable", f"no result within {limit} s"
    except MemoryError:
        return "ungradable", "out of memory"
    except RecursionError:
        return "ungradable", "nested too deeply"
    except Exception as error:
        return "ungradable", f"{type(error).__name__} while comparing"
    return ("correct", "algebra") if equal else ("incorrect", "algebra")


def _differ(target: list[Any], found: list[Any]) -> bool:
    """Tell whether two numbers that were called equal differ after all."""
    import sympy

    a, b = target[0], found[0]
    if not all(isinstance(x, sympy.Expr) and x.is_number for x in (a, b)):
        return False
    left, right = (complex_of(x) for x in (a, b))
    if left is None or right is None or (left == 0 and right == 0):
        return False
    return bool(abs(left - right) > _NEAR * max(abs(left), abs(right)))


def complex_of(number: Any) -> Any:
    """Return a number to 30 digits, whatever its size, or ``None``."""
    value = number.evalf(_DIGITS)
    return value if value.is_number and value.is_finite else None
