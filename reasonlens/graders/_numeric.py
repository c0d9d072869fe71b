"""Do two expressions have the same values? A second opinion on what algebra says, by numbers.

Expressions with equal values to 18 digits at several random points are taken as equal; ones that differ at a
point are not. Negative points count where both values are real: so the square root of 1/n is one over that of
n (n cannot be negative there), and that of x^2 is not x.
"""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

__all__ = ["agree"]

_POINTS, _DIGITS, _MOST_NAMES = 3, 30, 8
_EQUAL, _DIFFERENT = 1e-18, 1e-9


def agree(left: Any, right: Any) -> bool | None:
    """Tell whether two sympy expressions are equal everywhere, or ``None`` if numbers cannot tell.

    Examples
    --------
    >>> import sympy
    >>> n, m = sympy.symbols("n m")
    >>> agree(sympy.sqrt(1 / n), 1 / sympy.sqrt(n)), agree(n + 1, n + 2), agree(n, m)
    (True, False, None)
    """
    import sympy

    if not all(isinstance(x, sympy.Expr) for x in (left, right)):
        return None
    mine, theirs = ({symbol.name for symbol in side.free_symbols} for side in (left, right))
    names = mine | theirs
    if mine - {"i"} != theirs - {"i"} or len(names) > _MOST_NAMES:
        return None
    if names and any(x.atoms(*_unfinished(sympy)) for x in (left, right)):
        return None
    if mine != theirs:  # e^{i pi} and -1: a variable would stand in both
        return _at_points(left, right, names, {"i": sympy.I})
    found = _at_points(left, right, names, {})
    if found is not True and "i" in names:  # where nothing tells it from a variable, it is the imaginary unit
        imaginary = _at_points(left, right, names, {"i": sympy.I})
        found = True if imaginary is True else found
    return found


def _at_points(left: Any, right: Any, names: set[str], fixed: dict[str, Any]) -> bool | None:
    draw = random.Random(20240917)
    for turn in range(2 * _POINTS if names else 1):
        sign = 1 if turn < _POINTS else -1
        values = {name: Fraction(sign * draw.randint(400, 2600), 1009) for name in sorted(names)} | fixed
        a, b = (_value(side, values) for side in (left, right))
        if sign < 0 and not (a is not None and b is not None and a.is_real and b.is_real):
            continue  # a root or a logarithm: these variables are positive
        if a is None or b is None:
            return None
        size = max(abs(a), abs(b))
        if abs(a - b) > _DIFFERENT * size:
            return False
        if abs(a - b) > _EQUAL * size:
            return None
    return True


def _value(side: Any, values: dict[str, Any]) -> Any:
    """Return the value of an expression to 30 digits, or ``None``."""
    import sympy

    points = {symbol: sympy.sympify(values[symbol.name]) for symbol in side.free_symbols}
    value = side.subs(points).evalf(_DIGITS) if points else side.evalf(_DIGITS)
    return value if value.is_number and value.is_finite else None


def _unfinished(sympy: Any) -> tuple[Any, ...]:
    return (
        sympy.Derivative,
        sympy.Integral,
        sympy.Sum,
        sympy.Product,
        sympy.Limit,
        sympy.floor,
        sympy.ceiling,
    )
