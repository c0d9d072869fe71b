"""An offline baseline: words that hint at a behavior, sentence by sentence. It understands nothing.

``cues/BEHAVIOR.toml`` holds the words (see `reasonlens.judges._cues`). How often they are right is
measured on published labels (`reasonlens.judges._rules_quality`), and its name in every table is
``rules@VERSION``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reasonlens.core.manifest import digest_of
from reasonlens.judges import Codebook, Label, Quote, Settings, Spans, sentences_of
from reasonlens.judges._cues import Finder, cue_names, load_cues

__all__ = ["TITLE", "VERSION", "Rules", "make"]

TITLE = "offline baseline: word patterns, no key and no model (a baseline, no judge that understands)"
VERSION = "1"

_WHY = "lexical baseline: the sentence has a cue"


def make(settings: Settings) -> Rules:
    """Return the baseline; there is nothing to set."""
    return Rules()


class Rules:
    """The baseline as a `reasonlens.judges.Judge`."""

    name = f"rules@{VERSION}"

    @property
    def key(self) -> str:
        """A digest of all cues."""
        return digest_of([self.name, {name: load_cues(name).digest for name in cue_names()}])

    def refuses(self, behavior: Codebook) -> str:
        """Return why a behavior cannot be judged: only those with cues can."""
        known = cue_names()
        if behavior.name in known:
            return ""
        return (
            f"the judge 'rules' has no cues for {behavior.name!r}, it is a baseline for: {', '.join(known)}. "
            "Use --judge llm, or train one: reasonlens agree train"
        )

    def judge(
        self,
        texts: Sequence[str],
        behaviors: Sequence[Codebook],
        *,
        sentences: Sequence[Spans] | None = None,
        repeat: int = 0,
        done: Callable[[int], None] = lambda _: None,
    ) -> Iterator[list[Label]]:
        """Yield labels (see `reasonlens.judges.Judge.judge`); repeats are all the same."""
        finder = Finder([load_cues(behavior.name) for behavior in behaviors])
        for number, text in enumerate(texts):
            places = sentences_of(text) if sentences is None else list(sentences[number])
            shown = finder.text([text[start:end] for start, end in places])
            labels: list[Label] = []
            for column, behavior in enumerate(behaviors):
                labels += _labels(behavior, text, places, [row[column] for row in shown])
            done(1)
            yield labels


def _labels(behavior: Codebook, text: str, places: Spans, shown: Sequence[bool]) -> list[Label]:
    """Return the label of the whole text, or one for each sentence."""
    if behavior.unit == "sentence":
        return [
            _label(behavior.name, (_quote(text, *place),) if yes else (), *place)
            for place, yes in zip(places, shown, strict=True)
        ]
    quotes = tuple(_quote(text, *place) for place, yes in zip(places, shown, strict=True) if yes)
    return [_label(behavior.name, quotes, 0, len(text))]


def _quote(text: str, start: int, end: int) -> Quote:
    return Quote(start, end, text[start:end])


def _label(behavior: str, quotes: tuple[Quote, ...], start: int, end: int) -> Label:
    n = len(quotes)
    return Label(
        behavior,
        "present" if n else "absent",
        n,
        quotes,
        rationale=_WHY if n else "",
        cost=0.0,
        start=start,
        end=end,
    )
