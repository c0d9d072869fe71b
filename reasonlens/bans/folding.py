"""Which characters a banned character stands for: its case variants, and both apostrophes.

The variants cover the lexicon's lower case (the Kelvin sign is a k) and what Python's
``re.IGNORECASE`` also holds alike (the dotted capital and the dotless small i, the long s): what
either would count is banned.
"""

from __future__ import annotations

from functools import cache

from reasonlens.text import words

__all__ = ["APOSTROPHES", "variants"]

_CASED_END = 0x1F000  # no character from here on has a case

APOSTROPHES = frozenset(map(ord, "'\u2019"))


def variants(char: str) -> frozenset[int]:
    """Return the code points that stand for `char`, itself included.

    Examples
    --------
    >>> sorted(map(chr, variants("K")))
    ['K', 'k', 'K']
    """
    code = ord(char)
    if code in APOSTROPHES:
        return APOSTROPHES
    return _groups().get(code, frozenset((code,)))


@cache
def _groups() -> dict[int, frozenset[int]]:
    """Join each character with its single-character cases, over and over."""
    leader: dict[int, int] = {}

    def find(code: int) -> int:
        while leader.setdefault(code, code) != code:
            code = leader[code]
        return code

    lower = words.lower_table()
    classes = words.classes()
    for code in range(_CASED_END):
        if classes[code] == words.SPACELESS:
            continue
        char = chr(code)
        others = {int(lower[code]), ord(char.lower()[0])}  # only the dotted I has a longer lower case
        if len(char.upper()) == 1:
            others.add(ord(char.upper()))
        for other in others - {code}:
            leader[find(code)] = find(other)
    members: dict[int, set[int]] = {}
    for code in leader:
        members.setdefault(find(code), set()).add(code)
    return {code: frozenset(group) for group in members.values() for code in group}
