"""What an entry or a pattern must be so that its rule can match it: one complaint, or none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from reasonlens.lexicon.model import Entry, Pattern, Rule

__all__ = ["entry_complaint", "folded", "pattern_complaint"]

_BLANK_LINE = re.compile(r"\n\s*\n")
_COMMAND = re.compile(r"\\\w+")
_STAR = re.compile(r"(.?)\*(\s|\Z)?", re.DOTALL)
_KEY = re.compile(r"[A-Z_]+")

# What spaCy's tokenizer knows by itself; the others need a trained pipeline, which is never run here.
# IS_SENT_START is among them because of one use: without a pipeline only the first token of a text has it.
_TOKEN_KEYS = frozenset(
    """ORTH TEXT NORM LOWER SHAPE PREFIX SUFFIX LENGTH SPACY OP IS_ALPHA IS_ASCII IS_BRACKET IS_CURRENCY
    IS_DIGIT IS_LEFT_PUNCT IS_LOWER IS_PUNCT IS_QUOTE IS_RIGHT_PUNCT IS_SENT_START IS_SPACE IS_STOP
    IS_TITLE IS_UPPER LIKE_EMAIL LIKE_NUM LIKE_URL""".split()  # noqa: SIM905 (a list of 30 would be longer)
)
_OPERATORS = "! ? + * {n} {n,m} {n,} {,m}"
_OPERATOR = re.compile(r"[!?+*]|\{\d+\}|\{\d+,\d*\}|\{,\d+\}")


def folded(text: str, rule: Rule) -> str:
    """Return the form in which two entries that match the same text are equal."""
    if rule.case == "insensitive" and rule.match != "regex":
        text = text.lower()
    if rule.match == "word":
        text = re.sub(r"\s+", " ", text.replace("’", "'"))
    return text


def entry_complaint(entry: Entry, rule: Rule) -> str | None:
    """Return why `entry` cannot be counted under `rule` and what to do, or None."""
    if not entry.text.strip():
        return "is empty; remove it"
    if entry.at != "any" and rule.match != "segment":
        return f"has at = {entry.at!r}, which needs match = 'segment' in [rule]"
    check = _CHECKS.get(rule.match)
    return check(entry.text, rule) if check else None


def _word(text: str, rule: Rule) -> str | None:
    if text != text.strip():
        return "starts or ends with white space; remove it (a boundary is there anyway)"
    if _BLANK_LINE.search(text):
        return "contains a blank line, which a phrase never spans; make two entries of it"
    if any(not (found[2] is not None and _in_word(found[1])) for found in _STAR.finditer(text)):
        return (
            "has a '*' that does not end a word; a prefix is written 'verif*', and nothing else stands for "
            "any letters (use match = 'regex' in a lexicon of its own)"
        )
    if not any(character.isalnum() for character in text):
        return (
            "has no letter or digit, so no word can match it; use match = 'substring' in a lexicon of its own"
        )
    if rule.latex == "skip" and (command := _COMMAND.search(text)):
        written = command.group()
        return f"contains the LaTeX command {written!r}, which latex = 'skip' leaves out; set latex = 'count'"
    return None


def _in_word(character: str) -> bool:
    return character == "_" or (character != "" and unicodedata.category(character)[0] in "LMN")


def _regex(text: str, rule: Rule) -> str | None:
    try:
        compiled = re.compile(text, 0 if rule.case == "sensitive" else re.IGNORECASE)
    except re.error as error:
        return f"is not a regular expression: {error}"
    if compiled.match(""):
        return "matches the empty text, so it would be everywhere; make it ask for at least one character"
    return None


_CHECKS: Mapping[str, Callable[[str, Rule], str | None]] = {"word": _word, "regex": _regex}


def pattern_complaint(pattern: Pattern) -> str | None:
    """Return why `pattern` is none for spaCy's tokenizer and what to do, or None."""
    if not pattern.name.strip():
        return "has no name; hits are counted under it"
    if not pattern.tokens:
        return 'has no tokens; write tokens = [{ LOWER = "so" }]'
    for number, token in enumerate(pattern.tokens, 1):
        for key, value in token.items():
            if key not in _TOKEN_KEYS:
                return f"asks in token {number} for {key!r}, {_unknown_key(key)}"
            if key == "OP" and not (isinstance(value, str) and _OPERATOR.fullmatch(value)):
                return f"has the operator {value!r} in token {number}; known are {_OPERATORS}"
    if all(token.get("OP") in ("!", "?", "*") for token in pattern.tokens):
        return "matches no token at all, so it would be everywhere; let at least one token be required"
    return None


def _unknown_key(key: str) -> str:
    if key.upper() in _TOKEN_KEYS:
        return f"which is written {key.upper()}"
    if _KEY.fullmatch(key):
        return "which spaCy's tokenizer alone does not know; only attributes of the text itself can be used"
    return "which is no attribute of a spaCy token"
