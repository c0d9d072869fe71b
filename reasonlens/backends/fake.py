"""A made-up model with known habits, so that a whole experiment can be checked against the truth.

It writes a short chain of reasoning in which *wait*, *but*, *perhaps* and *alternatively* are frequent,
and then an answer. What is known of it beforehand:

- it is right with probability ``accuracy``, moved by up to ``spread`` from problem to problem;
- banning all of `MARKERS` lowers that probability by ``effect``, banning some of them by their share,
  and banning anything else by nothing;
- of the markers that a ban takes away, the share ``compensation`` comes back as another word
  (`SUBSTITUTES`).

The same seed and prompt give the same luck under every ban, so that conditions pair. A token is a
word or a mark with the white space before it.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from reasonlens.backends import (
    Capabilities,
    Completion,
    GenerationRequest,
    Logprobs,
    SamplingParams,
    carrier_of,
)
from reasonlens.backends._tokens import cut_at
from reasonlens.core.errors import InputError

__all__ = ["MARKERS", "NAME", "SUBSTITUTES", "TITLE", "FakeBackend", "connect"]

NAME = "fake"
TITLE = "a made-up model with known habits: no packages, no weights, for trials and tests"

MARKERS = ("wait", "but", "perhaps", "alternatively")
"""The words whose ban costs accuracy; each costs the same."""

SUBSTITUTES = {"wait": "hmm", "but": "however", "perhaps": "maybe", "alternatively": "instead"}
"""What comes in place of a banned marker, as far as the model compensates."""

_START = "think"
_CHAIN: dict[str, tuple[tuple[str, int], ...]] = {
    "think": (("count", 3), ("doubt", 1)),
    "count": (("count", 2), ("doubt", 3), ("other", 1), ("end", 1)),
    "doubt": (("check", 2), ("other", 1), ("count", 1)),
    "check": (("count", 2), ("doubt", 1), ("end", 1)),
    "other": (("count", 2), ("check", 1)),
}
_SENTENCES = {
    "think": ("We need the value asked for.", "First, write down what is given."),
    "count": (
        "So {a} plus {b} makes {c}.",
        "Then {a} times {b} gives {d}.",
        "This leaves {a}, and thus {c}.",
    ),
    "doubt": (
        "Wait, is {a} really the right term?",
        "But {b} may be counted twice.",
        "Wait, {c} looks wrong.",
    ),
    "check": ("Let me check: {a} plus {b} is {c}.", "Perhaps {c} is enough, but we verify it."),
    "other": ("Alternatively, start from {b}.", "Perhaps we await a simpler way: use {d}."),
}
_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])")
_SENTENCES_AT_MOST = 60
_TOP = 5
_VOCABULARY = 1_000


class FakeBackend:
    """See the module documentation; `answers` maps statements of problems to their gold answers."""

    NAME = NAME

    def __init__(
        self,
        model: str,
        *,
        answers: Mapping[str, str] | None = None,
        accuracy: float = 0.6,
        spread: float = 0.3,
        effect: float = 0.2,
        compensation: float = 0.3,
    ) -> None:
        for name, value in (("accuracy", accuracy), ("spread", spread), ("compensation", compensation)):
            if not 0 <= value <= 1:
                raise InputError(f"the fake backend's {name} is a share between 0 and 1, not {value}")
        if not -1 <= effect <= 1:
            raise InputError(f"the fake backend's effect is between -1 and 1, not {effect}")
        self.model = model
        self.accuracy, self.spread, self.effect, self.compensation = accuracy, spread, effect, compensation
        self._answers = dict(answers or {})
        self._gold = lru_cache(maxsize=4096)(self._find_gold)

    def capabilities(self) -> Capabilities:
        """Say what this backend can do: any ban, as whole words."""
        note = "it leaves out banned words and phrases whole, at any strength of the ban"
        return Capabilities(("words",), _TOP, "request", note)

    def tokenizer(self) -> None:
        """There is none: a token is a word."""
        return

    def close(self) -> None:
        """Nothing is held."""

    def p_correct(self, prompt: str, banned: Iterable[str] = ()) -> float:
        """Return the true probability of a right answer to `prompt` under a ban of the words `banned`."""
        taken = {word.casefold() for word in banned}
        share = sum(word in taken for word in MARKERS) / len(MARKERS)
        easier = self.spread * (2 * _share_of(f"{self.model}\x1f{self._gold(prompt)[0]}") - 1)
        return min(1.0, max(0.0, self.accuracy + easier - self.effect * share))

    def generate(
        self, requests: Iterable[GenerationRequest], sampling: SamplingParams
    ) -> Iterator[Completion]:
        """Yield one completion per request, in order."""
        for request in requests:
            if request.ban is not None:
                carrier_of(request.ban, self.capabilities(), NAME)
            yield self._complete(request, sampling)

    def _complete(self, request: GenerationRequest, sampling: SamplingParams) -> Completion:
        banned = tuple(request.ban.words) if request.ban else ()
        seed = request.seed if sampling.temperature else 0
        statement, gold = self._gold(request.prompt)
        luck = random.Random(f"luck {seed} {statement}")
        right = luck.random() < self.p_correct(request.prompt, banned)
        answer = gold if right else _wrong(gold, luck)
        text = _story(random.Random(f"text {seed} {statement}"))
        opened = "" if request.prompt.rstrip().endswith("<think>") else "<think>\n"
        text = f"{opened}{text}\n</think>\n\nThe answer is \\boxed{{{answer}}}."
        if banned:
            text = _without(text, banned, self.compensation, random.Random(f"ban {seed} {statement}"))
        return _finished(request.request_id, text, sampling)

    def _find_gold(self, prompt: str) -> tuple[str, str]:
        """Return the statement in a prompt (the whole prompt if none is known) and its answer."""
        found = [statement for statement in self._answers if statement in prompt]
        if not found:
            return prompt, str(int(_share_of(prompt) * 1000))
        statement = max(found, key=len)
        return statement, self._answers[statement]


def connect(
    model: str,
    *,
    answers: Mapping[str, str] | None = None,
    accuracy: float = 0.6,
    spread: float = 0.3,
    effect: float = 0.2,
    compensation: float = 0.3,
) -> FakeBackend:
    """Return a fake model; see the module documentation for what the options mean."""
    return FakeBackend(
        model, answers=answers, accuracy=accuracy, spread=spread, effect=effect, compensation=compensation
    )


def _share_of(text: str) -> float:
    """Return a number between 0 and 1 that depends on `text` alone."""
    return (
        int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()) / 2**48
    )


def _wrong(gold: str, luck: random.Random) -> str:
    """Return an answer that is not `gold`; a few wrong ones are commoner than others."""
    step = luck.choice((1, 1, 1, 2, 2, 10))
    try:
        return str(int(gold) + step)
    except ValueError:
        return f"{step}" if gold.strip() != f"{step}" else f"{step + 1}"


def _story(dice: random.Random) -> str:
    said: list[str] = []
    state = _START
    while state != "end" and len(said) < _SENTENCES_AT_MOST:
        a, b = dice.randint(2, 40), dice.randint(2, 40)
        said.append(dice.choice(_SENTENCES[state]).format(a=a, b=b, c=a + b, d=a * b))
        following = _CHAIN[state]
        state = dice.choices([name for name, _ in following], [weight for _, weight in following])[0]
    return " ".join(said)


def _without(text: str, banned: Iterable[str], compensation: float, dice: random.Random) -> str:
    """Return `text` with every banned word or phrase left out or, for a marker, perhaps replaced."""
    taken = {word.casefold() for word in banned}
    pattern = _pattern(tuple(sorted(taken, key=len, reverse=True)))

    def put(match: re.Match[str]) -> str:
        other = SUBSTITUTES.get(match.group().casefold(), "")
        if not other or other in taken or dice.random() >= compensation:
            return ""
        return other.capitalize() if match.group()[0].isupper() else other

    while True:
        text, n = pattern.subn(put, text)
        if not n:
            return text


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    forms = (r"\s+".join(re.escape(piece) for piece in word.split()) for word in words if word.split())
    return re.compile(rf"(?<!\w)(?:{'|'.join(forms) or '(?!)'})(?!\w)", re.IGNORECASE)


def _finished(request_id: str, text: str, sampling: SamplingParams) -> Completion:
    """Cut `text` at a stop text or at the limit of tokens."""
    text, _ = cut_at(text, sampling.stop, keep=sampling.keep_stop)
    tokens = _TOKEN.findall(text)
    finish = "stop"
    if len(tokens) > sampling.max_tokens:
        tokens, finish = tokens[: sampling.max_tokens], "length"
        text = "".join(tokens)
    logprobs = _logprobs(tokens, sampling.logprobs) if sampling.logprobs else None
    return Completion(request_id, text, finish, len(tokens), logprobs=logprobs)


def _logprobs(tokens: list[str], k: int) -> Logprobs:
    """Return made-up log-probabilities: each token the likeliest, the others ever less by halves."""
    top = []
    for token in tokens:
        first = 0.5 + 0.4 * _share_of(token)
        rest = [(1 - first) / 2 ** (i + 1) for i in range(min(k, _TOP) - 1)]
        top.append([math.log(p) for p in (first, *rest)])
    return Logprobs(top, [row[0] for row in top], _VOCABULARY)
