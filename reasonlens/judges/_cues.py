"""Cues: patterns of words that hint at a behavior, as data in ``cues/BEHAVIOR.toml``.

A file has ``version``, ``cues`` and, if need be, ``unless`` (cues that rule a sentence out), ``shape`` and
``unless_shape`` (regular expressions, for formulas), ``first`` or ``last`` (only among this share of the
sentences at the beginning or end of a text). A sentence shows the behavior if one of ``cues`` or ``shape``
is in it and nothing of ``unless``. A cue is a row of tokens as spaCy cuts them (``let 's``, ``do n't``):

==========  =====================================================
``a|b``     one of these words, in any case
``a?``      the word or nothing
``#``       a number
``~3``      up to three tokens of any kind
``^``       at the very beginning: the match starts within four tokens
==========  =====================================================
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reasonlens.core.errors import DefinitionError, MissingExtraError
from reasonlens.core.manifest import digest_of

__all__ = ["FOLDER", "Cues", "Finder", "cue_names", "load_cues", "pattern_of"]

FOLDER = Path(__file__).resolve().parent / "cues"

_KEYS = {"version", "notes", "cues", "unless", "shape", "unless_shape", "first", "last"}
_START = 4  # tokens in which a match must begin after ^
_GAP = re.compile(r"~(\d)")
_RUN = re.compile(r"(\S{500})(?=\S)")  # spaCy's tokenizer is quadratic in the length of such a run


@dataclass(frozen=True, slots=True)
class Cues:
    """The cues of one behavior (see the module documentation)."""

    behavior: str
    version: str
    cues: tuple[str, ...]
    unless: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    unless_shape: tuple[str, ...] = ()
    first: float = 1.0
    last: float = 1.0

    @property
    def digest(self) -> str:
        """Digest of all that decides."""
        lists = [[*self.cues], [*self.unless], [*self.shape], [*self.unless_shape]]
        return digest_of([self.behavior, self.version, *lists, self.first, self.last])


def cue_names() -> list[str]:
    """Return the behaviors that have cues, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_cues(behavior: str, folder: Path = FOLDER) -> Cues:
    """Return the cues of a behavior.

    Raises
    ------
    DefinitionError
        If the file has a mistake.
    """
    path = folder / f"{behavior}.toml"
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{path}: no TOML ({error}); correct that line") from None
    return _cues(behavior, data, str(path))


def _cues(behavior: str, data: Mapping[str, Any], path: str) -> Cues:
    for key in data:
        if key not in _KEYS:
            raise DefinitionError(f"{path}: unknown key {key!r}; known are {', '.join(sorted(_KEYS))}")
    lists: dict[str, tuple[str, ...]] = {}
    for key in ("cues", "unless", "shape", "unless_shape"):
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(x, str) and x.strip() for x in value):
            raise DefinitionError(f'{path}: {key} must be a list of texts, such as ["let me check"]')
        lists[key] = tuple(value)
    for key in ("cues", "unless"):
        for cue in lists[key]:
            _at(path, cue, pattern_of)
    for key in ("shape", "unless_shape"):
        for shape in lists[key]:
            _at(path, shape, re.compile)
    if not isinstance(data.get("version"), str) or not (lists["cues"] or lists["shape"]):
        raise DefinitionError(f'{path}: needs version = "1" and at least one of cues and shape')
    shares = {key: data.get(key, 1.0) for key in ("first", "last")}
    for key, share in shares.items():
        if not isinstance(share, int | float) or not 0 < share <= 1:
            raise DefinitionError(f"{path}: {key} must be a share between 0 and 1, got {share!r}")
    return Cues(behavior, data["version"], **lists, first=shares["first"], last=shares["last"])


def _at(path: str, text: str, read: Any) -> None:
    try:
        read(text)
    except (ValueError, re.error) as error:
        raise DefinitionError(f"{path}: {text!r}: {error}") from None


def pattern_of(cue: str) -> tuple[list[dict[str, Any]], bool]:
    """Return a cue as a pattern of spaCy's ``Matcher``, and whether it must be at the beginning.

    Examples
    --------
    >>> pattern_of("^ let me|us ~1 check?")[1]
    True
    >>> pattern_of("try # again")[0]
    [{'LOWER': 'try'}, {'LIKE_NUM': True}, {'LOWER': 'again'}]
    """
    pieces = cue.split()
    start = bool(pieces) and pieces[0] == "^"
    tokens: list[dict[str, Any]] = []
    for piece in pieces[start:]:
        gap = _GAP.fullmatch(piece)
        if gap:
            tokens.append({"OP": f"{{0,{gap[1]}}}"})
        elif piece == "#":
            tokens.append({"LIKE_NUM": True})
        elif piece == "^":
            raise ValueError("^ can only stand first")
        else:
            tokens.append(_word(piece))
    if not any("LOWER" in token and "OP" not in token for token in tokens):
        raise ValueError("a cue needs a word that is not optional")
    return tokens, start


def _word(piece: str) -> dict[str, Any]:
    optional = len(piece) > 1 and piece.endswith("?")
    words = piece.removesuffix("?").lower().split("|") if optional else piece.lower().split("|")
    if not all(words):
        raise ValueError(f"{piece!r} has an empty alternative")
    token: dict[str, Any] = {"LOWER": words[0] if len(words) == 1 else {"IN": words}}
    return {**token, "OP": "?"} if optional else token


def _anchor(tokens: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the words of the token of a cue that is rarest by their length; one of them must occur."""
    musts = [token["LOWER"] for token in tokens if "LOWER" in token and "OP" not in token]
    lists = [[must] if isinstance(must, str) else list(must["IN"]) for must in musts]
    return max(lists, key=lambda words: (min(map(len, words)), sum(map(len, words)) / len(words)))


@cache
def _pipeline() -> Any:
    try:
        import spacy
    except ImportError:
        raise MissingExtraError("spacy", "judge", "the judge 'rules'") from None
    nlp = spacy.blank("en")
    nlp.max_length = 2**62  # the limit is meant for parsers; the tokenizer alone is linear
    return nlp


class _Behavior:
    """The cues of one behavior, ready to be looked for."""

    def __init__(self, cues: Cues) -> None:
        from spacy.matcher import Matcher

        vocab = _pipeline().vocab
        self.cues = cues
        self._matcher = Matcher(vocab)
        self._kinds: dict[int, tuple[bool, bool]] = {}
        for against, listed in ((False, cues.cues), (True, cues.unless)):
            patterns = [pattern_of(cue) for cue in listed]
            for start in (False, True):
                mine = [tokens for tokens, at_start in patterns if at_start == start]
                if mine:
                    name = f"{'unless' if against else 'cues'}/{start}"
                    self._matcher.add(name, mine)
                    self._kinds[vocab.strings[name]] = (against, start)
        anchors = {word for cue in cues.cues for word in _anchor(pattern_of(cue)[0])}
        self._hint = re.compile("|".join(map(re.escape, sorted(anchors)))) if anchors else None
        self._shape = [re.compile(shape) for shape in cues.shape]
        self._unless = [re.compile(shape) for shape in cues.unless_shape]

    def shown(self, sentence: str, lower: str, doc: Callable[[], Any]) -> bool:
        """Tell whether a sentence shows it; `doc` cuts it into tokens, which takes most of the time."""
        found = any(shape.search(sentence) for shape in self._shape)
        hinted = self._hint is not None and self._hint.search(lower) is not None
        if not (found or hinted) or any(shape.search(sentence) for shape in self._unless):
            return False
        for key, first, _ in self._matcher(doc()) if self._kinds else ():
            against, start = self._kinds[key]
            if not start or first < _START:
                if against:
                    return False
                found = True
        return found


class Finder:
    """Tells which behaviors a sentence shows, all of them in one pass.

    Parameters
    ----------
    behaviors
        Cues of each behavior.
    """

    def __init__(self, behaviors: Sequence[Cues]) -> None:
        self._nlp = _pipeline()
        self._behaviors = [_Behavior(cues) for cues in behaviors]

    def text(self, sentences: Sequence[str]) -> list[list[bool]]:
        """Return for each sentence of a text whether it shows each behavior."""
        n = len(sentences)
        with self._nlp.memory_zone():  # frees what spaCy remembers of the text
            return [self._sentence(sentence, i / n, (n - 1 - i) / n) for i, sentence in enumerate(sentences)]

    def _sentence(self, sentence: str, before: float, after: float) -> list[bool]:
        doc = cache(lambda: self._nlp.make_doc(_RUN.sub(r"\1 ", sentence)))
        lower = sentence.lower()
        return [
            before < one.cues.first and after < one.cues.last and one.shown(sentence, lower, doc)
            for one in self._behaviors
        ]
