r"""Formulas as math-verify reads them right: commands apart from letters, derivatives as names, sides of "=".

math-verify 0.9.0 reads ``y'`` as y, fails on ``M_\odot``, and takes the right side of "2^{10^9} = 1" for the
value.
"""

from __future__ import annotations

import re

__all__ = ["sides", "spaced"]

_GREEK = (
    *(
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
    ),
    *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi", "psi", "omega"),
    *("Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega", "hbar", "ell"),
)
_OTHER = (
    *(
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "log",
        "ln",
        "exp",
    ),
    *(
        "cdot",
        "times",
        "lfloor",
        "rfloor",
        "lceil",
        "rceil",
        "infty",
        "angle",
        "circ",
        "binom",
        "frac",
        "sqrt",
    ),
)
_LEADS = re.compile(rf"(?:{'|'.join(sorted((*_GREEK, *_OTHER), key=len, reverse=True))})")
_WHOLE = frozenset(
    [
        *(
            *_GREEK,
            *_OTHER,
            "left",
            "right",
            "le",
            "leq",
            "ge",
            "geq",
            "ne",
            "neq",
            "pm",
            "mp",
            "in",
            "cup",
            "cap",
        ),
        *(
            "partial",
            "prime",
            "dot",
            "ddot",
            "bar",
            "hat",
            "vec",
            "text",
            "mathrm",
            "mathbb",
            "mathbf",
            "overline",
        ),
        *(
            "begin",
            "end",
            "sum",
            "int",
            "prod",
            "lim",
            "max",
            "min",
            "gcd",
            "lcm",
            "mod",
            "pmod",
            "bmod",
            "equiv",
        ),
        *(
            "setminus",
            "subset",
            "emptyset",
            "varnothing",
            "to",
            "odot",
            "div",
            "dots",
            "ldots",
            "cdots",
            "tfrac",
        ),
        *(
            "dfrac",
            "det",
            "mid",
            "vert",
            "propto",
            "approx",
            "sim",
            "cosec",
            "arg",
            "deg",
            "dim",
            "ker",
            "underline",
        ),
        *(
            "pitchfork",
            "geqslant",
            "leqslant",
            "operatorname",
            "textbf",
            "mbox",
            "quad",
            "star",
            "ast",
            "neg",
            "land",
        ),
    ]
)
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_PRIMES = re.compile(r"(?<=[A-Za-z}])\s*(?:\^\s*\{\s*((?:\\prime\s*)+)\}|\^\s*(\\prime)|('+))")
_DOT = re.compile(r"\\(d?)dot\s*\{([A-Za-z])\}")
_SIGN = re.compile(r"_\{?\s*\\(?:odot|star|ast)\s*\}?")
_SIDE = re.compile(r"(?<![<>!=\\:])=(?!=)")
_NAME = re.compile(
    r"\s*\\?[A-Za-z]+(?:\s*_\s*(?:\{[^{}]*\}|\w))?(?:_\{prime\w*\})?(?:\s*\([^()=]{1,20}\))?\s*"
)
_LETTER = re.compile(r"(?<![\\A-Za-z])[A-Za-z]")
_NUMBERS_NAMED = re.compile(
    r"\\(?:pi|frac|sqrt|cdot|times|binom|left|right)(?![A-Za-z])|(?<![A-Za-z\\])(?:e|i)(?![A-Za-z])"
)


def spaced(text: str) -> str:
    r"""Return a formula with its commands apart from the letters after them, and derivatives as names.

    Examples
    --------
    >>> [spaced(x) for x in (r"\omegat", r"\sinh x", "y''+y'", r"\dot{x}", r"M_{\odot}")]
    ['\\omega t', '\\sinh x', 'y_{primeprime}+y_{prime}', 'x_{dot}', 'M_{sun}']
    """
    text = _COMMAND.sub(_apart, text)
    text = _PRIMES.sub(
        lambda m: "_{" + "prime" * (len(m[3]) if m[3] else (m[1] or m[2]).count("prime")) + "}", text
    )
    text = _DOT.sub(lambda m: f"{m[2]}_{{{m[1]}dot}}", text)
    return _SIGN.sub("_{sun}", text)


def _apart(command: re.Match[str]) -> str:
    word = command[1]
    if word in _WHOLE:
        return command[0]
    lead = _LEADS.match(word)
    return f"\\{lead[0]} {word[lead.end() :]}" if lead else command[0]


def sides(answer: str, gold: str) -> tuple[list[str], str] | None:
    r"""Return what must equal what: the answer (or sides of an equation that states a value) and the gold.

    ``None`` means an equation with an empty side.

    Examples
    --------
    >>> sides("y = 2x", "2x"), sides("35 + 70 = 105", "105"), sides("a b = 2^5", "32")
    ((['2x'], '2x'), (['35 + 70', '105'], '105'), (['2^5'], '32'))
    >>> sides("y = 3x", "y = 2x"), sides("x + y = 1", "x = 1 - y")
    ((['3x'], '2x'), (['x + y = 1'], 'x = 1 - y'))
    """
    mine, theirs = _parts(answer), _parts(gold)
    if not all(part.strip() for part in (*mine, *theirs)):
        return None
    if len(theirs) == 2 and (_NAME.fullmatch(theirs[0]) or len(mine) == 2):
        if len(mine) == 2 and "".join(mine[0].split()) == "".join(theirs[0].split()):
            return [mine[1].strip()], theirs[1].strip()
        if len(mine) == 1 and _NAME.fullmatch(theirs[0]):
            return [answer.strip()], theirs[1].strip()
    if len(theirs) > 1 or len(mine) == 1:
        return [answer.strip()], gold.strip()
    if _NAME.fullmatch(mine[-1]) and not _NAME.fullmatch(mine[0]):
        mine = mine[::-1]  # "5 = x"
    numbers = [part for part in mine[:-1] if not _LETTER.search(_NUMBERS_NAMED.sub("", part))]
    return [part.strip() for part in (*numbers, mine[-1])], gold.strip()


def _parts(text: str) -> list[str]:
    """Return the sides of an equation; a list of equations has none, nor has "=" inside braces."""
    if "," in text or ";" in text:
        return [text]
    depth = start = place = 0
    parts = []
    for match in _SIDE.finditer(text):
        depth += text.count("{", place, match.start()) - text.count("}", place, match.start())
        place = match.start()
        if depth == 0:
            parts.append(text[start : match.start()])
            start = match.end()
    return [*parts, text[start:]]
