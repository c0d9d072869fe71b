"""Generated texts and lexicons in which everything that matching treats in a way of its own is frequent."""

from __future__ import annotations

from hypothesis import strategies as st

from reasonlens.lexicon.checks import entry_complaint, folded
from reasonlens.lexicon.compile import parse
from reasonlens.lexicon.model import Entry, Lexicon, Rule
from tests.lexicon.making import lexicon

__all__ = ["lexicons", "rules", "texts"]

_WORDS = [
    *("a", "b", "A", "ab", "may", "maybe", "Maybe", "be", "wait", "so", "far", "farther"),
    *("let", "let's", "let’s", "can't", "é", "e\u0301", "É", "İ", "i", "\u017fo", "\u212a", "k"),
    *("Σ", "σ", "ς", "2", "x_1", "½", "_", "等", "一", "下", "等等", "か", "ไ", "s", "t"),
]
_GAPS = [*(" ", " ", " ", "-", "-", "", "", ".", ", ", "'", " - ", "...", ": ", "\\", "\0", "❤\ufe0f")]
_BETWEEN = [
    *_GAPS,
    *("  ", "\n", "\n\n", " \n ", "\t", "\u00a0", "\u2028", "\r\n", "\r\n\r\n", "\n \n", "\u3000"),
    *("’", "*", "(", "\0\0", "\0\n\n\0", "\u0301", "\ufe0f", "\\\\", "—", "\u2010", "'\u0301"),
]
_LEFT = ["", "", "", "", "(", "'", ".", "\\", "( ", "’", "\u0301", "\0", "?\t"]
_RIGHT = ["", "", "", "", ".", ":", "'", " )", "...", "’", "\0", " !", "\u00a0?"]


def texts(max_words: int = 14) -> st.SearchStrategy[str]:
    """Return text of words of the lexicons and of all kinds of things between them."""
    pairs = st.tuples(st.sampled_from(_WORDS), st.sampled_from(_BETWEEN))
    return st.lists(pairs, max_size=max_words).map(lambda found: "".join(map("".join, found)))


@st.composite
def _entries(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(_LEFT))
    n = draw(st.integers(1, 3))
    for place in range(n):
        star = "*" if draw(st.integers(0, 3)) == 0 else ""
        text += draw(st.sampled_from(_WORDS)) + star
        text += draw(st.sampled_from(_GAPS)) if place < n - 1 else ""
    return (text + draw(st.sampled_from(_RIGHT))).strip()


def rules() -> st.SearchStrategy[Rule]:
    """Return word rules."""
    return st.builds(
        Rule,
        match=st.just("word"),
        case=st.sampled_from(["insensitive", "insensitive", "sensitive"]),
        latex=st.sampled_from(["skip", "skip", "count"]),
    )


@st.composite
def lexicons(draw: st.DrawFn, name: str = "nasty") -> Lexicon:
    """Return a lexicon of the word rule whose entries `load` would accept."""
    rule = draw(rules())
    categories = {}
    for place in range(draw(st.integers(1, 3))):
        chosen = draw(st.lists(_entries(), min_size=1, max_size=7))
        kept = {folded(text, rule): text for text in chosen if _accepted(text, rule)}
        categories[f"c{place}"] = list(kept.values()) or ["wait"]
    return lexicon(categories, rule, name=name)


def _accepted(text: str, rule: Rule) -> bool:
    return entry_complaint(Entry(text), rule) is None and bool(parse(text, sensitive=False).pieces)
