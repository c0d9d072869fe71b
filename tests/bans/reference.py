"""What a ban means, slowly: the text is decoded and searched again at every step."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reasonlens.bans.vocabulary import Vocabulary

__all__ = ["forbidden", "pattern", "stands"]

_CORE = "0-9A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"


def pattern(entry: str) -> re.Pattern[str]:
    """Return an entry of ASCII words (or Chinese ones, without boundaries) as a regular expression."""
    body = r"\s+".join(re.escape(part).replace("'", "['\u2019]") for part in entry.split())
    left = f"(?<![{_CORE}])" if re.match(f"[{_CORE}]", entry) else ""
    right = f"(?![{_CORE}])" if re.search(f"[{_CORE}]$", entry) else ""
    return re.compile(f"{left}(?i:{body}){right}")


def stands(entries: Sequence[str], text: str) -> bool:
    """Tell whether any entry stands in a text."""
    return any(pattern(entry).search(text) for entry in entries)


def forbidden(
    entries: Sequence[str], vocabulary: Vocabulary, prompt: Sequence[int], response: Sequence[int]
) -> set[int]:
    """Return the tokens that the policy "complete" forbids after a prompt and a response.

    A token is forbidden if, with it, an entry stands in the text that ends within the token. The text
    is read as a whole and from every place on where something vanished (a special token) or began (the
    response), because it may be read from there.
    """
    found: set[int] = set()
    so_far = [*prompt, *response]
    borders = {0, len(prompt), *(n + 1 for n, i in enumerate(so_far) if not vocabulary.tokens[i])}
    for token, data in enumerate(vocabulary.tokens):
        if not data:
            continue
        for border in borders:
            before = b"".join(vocabulary.tokens[i] for i in so_far[border:])
            if any(_ends_after(pattern(entry), before + data, len(before)) for entry in entries):
                found.add(token)
                break
    return found


def _ends_after(wanted: re.Pattern[str], data: bytes, place: int) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    ends = [0]
    for char in text:
        ends.append(ends[-1] + len(char.encode("utf-8", "surrogateescape")))
    hits = (wanted.match(text, start) for start in range(len(text)))
    return any(hit and ends[hit.end()] > place for hit in hits)
