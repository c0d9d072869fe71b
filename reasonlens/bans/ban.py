"""What is banned and how: the specification, independent of any tokenizer."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from reasonlens.bans.items import items_of, normalized
from reasonlens.core.errors import InputError
from reasonlens.core.manifest import digest_of

if TYPE_CHECKING:
    from reasonlens.bans.handle import Handle
    from reasonlens.bans.vocabulary import Vocabulary

__all__ = ["CLOSING", "MODES", "PHASES", "Ban", "vocabulary_of"]

MODES = {
    "complete": "sound: no tokenization of a banned word is left (the default)",
    "boundary": "the exact language: forces words to go on after a banned one, leaks where a text is cut",
    "ids": "weaker: every token whose text has the word in it, as in NoWait (arXiv 2506.08343)",
    "bad_words": "weaker: vLLM's own bad_words, one tokenization of each word",
    "logit_bias": "weaker: a bias on the tokens that are the word, for servers that take nothing else",
}
"""The modes by name, each with what it does."""

PHASES = {
    "all": "the whole response",
    "reasoning": "until the reasoning is closed",
    "first_quarter": "the first quarter of max_tokens",
}
"""The phases of a response in which a ban can hold."""

CLOSING = (
    *("</think>", "</thinking>", "</thought>", "</thoughts>", "</reasoning>", "</seed:think>"),
    *("[/THINK]", "◁/think▷", "<|END_THINKING|>", "<|inner_suffix|>", "<|end_of_thought|>"),
)
"""What closes the reasoning, in any case."""

_PROCESSED = ("complete", "boundary", "ids")  # modes that need a logits processor


@dataclass(frozen=True, slots=True)
class Ban:
    """A ban on words and phrases.

    Parameters
    ----------
    words
        What is banned, whatever its case; a space stands for any white space, ``*`` after a word
        makes it a prefix. Without words the ban is a sham: the processor runs and changes nothing.
    name
        The name of the condition; by default made of the words.
    mode
        One of `MODES`.
    penalty
        What is added to the logits of forbidden tokens; minus infinity makes them impossible. What
        slips through a graded ban ends there: the next word starts afresh.
    probability
        At each position a coin decides whether the ban holds there, so that each chance to write
        a banned word is met with this probability. The coin depends on the seed of the request and
        on the position alone.
    phase
        One of `PHASES`.
    max_tokens
        The limit that ``phase="first_quarter"`` is a quarter of.
    match
        ``"word"`` (whole words) or ``"substring"`` (also within words).
    latex
        ``"count"``: a word right after a backslash is banned too (``\\times`` for "times");
        ``"skip"``: LaTeX commands are spared, as a lexicon's default rule does not count them.
    spare
        For the mode "ids": words whose tokens are left alone although a banned word is in them.

    Examples
    --------
    >>> ban = Ban(("wait", "hold on"))
    >>> ban.name
    'ban wait, hold on'
    >>> Ban(()).name
    'sham'
    """

    words: Sequence[str]
    name: str = ""
    mode: str = "complete"
    penalty: float = -math.inf
    probability: float = 1.0
    phase: str = "all"
    max_tokens: int | None = None
    match: str = "word"
    latex: str = "count"
    spare: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        if isinstance(self.words, str):
            raise InputError(f"a ban takes a list of words, not the text {self.words!r}")
        object.__setattr__(self, "words", normalized(self.words))
        object.__setattr__(self, "spare", tuple(self.spare))
        if not self.name:
            object.__setattr__(self, "name", self._default_name())
        self._check()
        items_of(self.words, self.match)

    def _default_name(self) -> str:
        if not self.words:
            return "sham"
        shown = ", ".join(self.words[:3]) + (
            f" and {len(self.words) - 3} more" if len(self.words) > 3 else ""
        )
        marks = [] if self.mode == "complete" else [self.mode]
        marks += [] if self.penalty == -math.inf else [f"{self.penalty:g}"]
        marks += [] if self.probability == 1 else [f"p={self.probability:g}"]
        marks += [] if self.phase == "all" else [self.phase]
        return f"ban {shown}" + (f" ({', '.join(marks)})" if marks else "")

    def _check(self) -> None:
        for what, value, known in (
            ("mode", self.mode, MODES),
            ("phase", self.phase, PHASES),
            ("match", self.match, ("word", "substring")),
            ("latex", self.latex, ("count", "skip")),
        ):
            if value not in known:
                raise InputError(f"{what} {value!r} of a ban is none of {', '.join(known)}")
        if math.isnan(self.penalty) or self.penalty > 0:
            raise InputError(f"the penalty {self.penalty:g} of a ban is not 0 or less; -inf forbids")
        if not 0 <= self.probability <= 1:
            raise InputError(f"the probability {self.probability:g} of a ban is not from 0 to 1")
        if self.phase == "first_quarter" and not (self.max_tokens and self.max_tokens > 0):
            raise InputError("a ban in the first quarter needs max_tokens, what it is a quarter of")
        if self.mode not in _PROCESSED and (self.probability < 1 or self.phase != "all"):
            raise InputError(
                f"the mode {self.mode!r} is the engine's own and holds everywhere: a probability or a "
                "phase needs the mode complete, boundary or ids"
            )
        if self.mode == "bad_words" and self.penalty != -math.inf:
            raise InputError("the mode 'bad_words' has no penalty; use complete, ids or logit_bias")

    @property
    def processed(self) -> bool:
        """Whether a logits processor carries this ban."""
        return self.mode in _PROCESSED

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits over all but the name."""
        return digest_of([["ban", 1], [asdict(self)[f.name] for f in fields(self) if f.name != "name"]])

    @property
    def until(self) -> int | None:
        """The number of tokens of the response for which the ban holds, if that is limited."""
        if self.phase != "first_quarter" or self.max_tokens is None:
            return None
        return math.ceil(self.max_tokens / 4)

    @property
    def release(self) -> tuple[str, ...]:
        """The texts after which the ban is over."""
        return CLOSING if self.phase == "reasoning" else ()

    def bind(self, tokenizer: Any = None) -> Handle:
        """Return the handle that backends carry.

        Parameters
        ----------
        tokenizer
            A `Vocabulary`, a fast tokenizer of transformers, or the path of a tokenizer; None if the
            tokenizer is only known elsewhere (a server, a vLLM engine, the fake backend).

        Raises
        ------
        InputError
            If the tokenizer is of a kind that is not known.
        """
        from reasonlens.bans.handle import Handle

        return Handle(self, vocabulary_of(tokenizer))

    def to_json(self) -> str:
        """Return the ban as one line of JSON, for an engine in another process."""
        values = asdict(self)
        if self.penalty == -math.inf:
            values["penalty"] = None  # JSON has no infinity
        return json.dumps(values, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Ban:
        """Return the ban that `to_json` wrote.

        Raises
        ------
        InputError
            If `text` is no such line.
        """
        try:
            values = json.loads(text)
            if values.get("penalty") is None:
                values["penalty"] = -math.inf
            return cls(**values)
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(f"this is no ban as Ban.to_json writes it ({error}): {text[:80]!r}") from None


def vocabulary_of(tokenizer: Any) -> Vocabulary | None:
    """Return the vocabulary of a tokenizer, a path, or a vocabulary; None for None."""
    import os

    from reasonlens.bans import vocabulary

    if tokenizer is None or isinstance(tokenizer, vocabulary.Vocabulary):
        return tokenizer
    if isinstance(tokenizer, str | os.PathLike):
        return vocabulary.read(os.fspath(tokenizer))
    return vocabulary.of_tokenizer(tokenizer)
