"""What a sentence of a trace does, by the words that it begins with: a baseline that understands nothing.

The markers are data (``markers.toml`` beside this module).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

__all__ = ["NEUTRAL", "Markers", "kind_of", "markers", "opens_the_problem"]

NEUTRAL = "compute"
"""The kind of a sentence without a marker: most of them work something out."""

_FILE = Path(__file__).with_name("markers.toml")
_HEADING = re.compile(
    r"\s*(?:#{1,6}\s|\*\*[^*\n]+\*\*|\(?\d{1,2}[.)]\s|(?:step|case|part)\s+\d+\b)", re.IGNORECASE
)
_HMM = re.compile(r"\bhmm+\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Markers:
    """The compiled markers, with the version and the digest of their file."""

    version: str
    digest: str
    lead: re.Pattern[str]
    rules: tuple[tuple[str, re.Pattern[str]], ...]


@cache
def markers() -> Markers:
    """Return the shipped markers."""
    raw = _FILE.read_bytes()
    data = tomllib.loads(raw.decode())
    lists = {f"{{{name}}}": f"(?:{'|'.join(data[name])})" for name in ("we", "do", "check")}
    rules = []
    for kind, patterns in data["kinds"].items():
        whole = "|".join(patterns)
        for name, words in lists.items():
            whole = whole.replace(name, words)
        rules.append((kind, re.compile(whole, re.IGNORECASE)))
    lead = rf"(?:[\s>*_#-]*(?:{'|'.join(data['lead'])})\b[\s,.:;!?…*-]*)*"
    return Markers(
        data["version"], sha256(raw).hexdigest()[:16], re.compile(lead, re.IGNORECASE), tuple(rules)
    )


def kind_of(sentence: str) -> str:
    """Return what a sentence does, one of `reasonlens.structure.KINDS`.

    Words like "okay" and "so" at its beginning are passed over; the first kind with a marker decides, in
    the order conclude, read, alternative, check, recall, plan. Headings and numbered lines are plans. What
    has no marker is `NEUTRAL`.

    Examples
    --------
    >>> [kind_of(s) for s in ("Okay, so first I add 2 and 3.", "That gives 5.", "Wait, is that right?")]
    ['plan', 'compute', 'check']
    """
    known = markers()
    lead, rest = _split(sentence, known)
    for kind, rule in known.rules:
        if rule.search(rest):
            return kind
    if _HEADING.match(sentence):
        return "plan"
    return "check" if _HMM.search(lead) else NEUTRAL


def opens_the_problem(sentence: str) -> bool:
    """Tell whether the first sentence of a trace turns to the problem: it has lead words and no other aim.

    Examples
    --------
    >>> opens_the_problem("Okay, so Ann has 3 apples."), opens_the_problem("To find x, subtract 2.")
    (True, False)
    """
    lead, _ = _split(sentence, markers())
    return bool(lead.strip()) and kind_of(sentence) in (NEUTRAL, "plan")


def _split(sentence: str, known: Markers) -> tuple[str, str]:
    found = known.lead.match(sentence)
    end = found.end() if found else 0
    return sentence[:end], sentence[end:].replace("’", "'")
