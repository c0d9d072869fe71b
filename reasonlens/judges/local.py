"""A small classifier that `reasonlens agree train` made from labels of a study: fast, offline, with errors.

Each sentence gets a chance from its n-grams, its place and, for a judge that was trained with them, its
embedding; sentences over the threshold are the instances and the quotes. How often it is right on problems
that it did not see is part of its file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reasonlens.core.errors import InputError
from reasonlens.judges import Codebook, Label, Quote, Settings, Spans, sentences_of
from reasonlens.judges._embeddings import Encoder, encoder_again
from reasonlens.judges._local_model import LocalModel, load_model

__all__ = ["TITLE", "Local", "make", "model_path"]

TITLE = (
    "a classifier trained by `reasonlens agree train` on your own labels; offline, with its measured error"
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")


def make(settings: Settings) -> Local:
    """Return a trained judge.

    Parameters
    ----------
    settings
        ``model`` is the path of its file, or its name in the folder ``options["folder"]``;
        ``options["embeddings"]`` is where the model that gives its vectors lies now, if it was moved.

    Raises
    ------
    InputError
        If there is no such judge, or its embeddings are not to be had.
    """
    folder, where = settings.options.get("folder"), settings.options.get("embeddings")
    model = load_model(model_path(settings.model, None if folder is None else Path(folder)))
    if model.embeddings:
        return Local(model, encoder_again(model.embeddings, where))
    if where:
        raise InputError(f"--embeddings {where}: local:{model.name} was trained without embeddings")
    return Local(model)


def model_path(given: str | None, folder: Path | None) -> Path:
    """Return the file of a judge that is given by path, or by name in a folder.

    Raises
    ------
    InputError
        If none is given, or there is none of that name.
    """
    known = sorted(path.stem for path in folder.glob("*.npz")) if folder is not None else []
    if not given:
        have = (
            f"trained here: {', '.join(known)}" if known else "train one with: reasonlens agree train STUDY"
        )
        raise InputError(f"which local judge? Write --judge local:NAME ({have})")
    if given.endswith(".npz") or folder is None or not _NAME.fullmatch(given):
        return Path(given)
    if given not in known:
        raise InputError(
            f"no local judge is named {given!r} in {folder}; "
            + (f"there are {', '.join(known)}" if known else "train one with: reasonlens agree train STUDY")
        )
    return folder / f"{given}.npz"


class Local:
    """A trained judge as a `reasonlens.judges.Judge`."""

    def __init__(self, model: LocalModel, encoder: Encoder | None = None) -> None:
        self.model, self._encoder = model, encoder
        self._column = {str(b["name"]): i for i, b in enumerate(model.behaviors)}

    @property
    def name(self) -> str:
        """Its identity in the column ``judge``."""
        return f"local:{self.model.name}"

    @property
    def key(self) -> str:
        """A digest of its file."""
        return self.model.digest

    def refuses(self, behavior: Codebook) -> str:
        """Return why a behavior cannot be judged: it was not trained for it, or for another wording."""
        column = self._column.get(behavior.name)
        if column is None:
            return (
                f"{self.name} was not trained for {behavior.name!r}, only for {', '.join(self._column)}; "
                "train it for more with: reasonlens agree train"
            )
        trained = self.model.behaviors[column]
        if trained["digest"] != behavior.digest:
            return (
                f"{self.name} was trained with version {trained['version']} of {behavior.name!r} (digest "
                f"{trained['digest']}), the codebook now has digest {behavior.digest}; train it again"
            )
        return ""

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
        for number, text in enumerate(texts):
            places = sentences_of(text) if sentences is None else list(sentences[number])
            pieces = [text[start:end] for start, end in places]
            chances = self.model.chances(pieces, self._encoder(pieces) if self._encoder else None)
            labels: list[Label] = []
            for behavior in behaviors:
                column = self._column[behavior.name]
                mine, least = chances[:, column].tolist(), float(self.model.threshold[column])
                labels += _labels(behavior, text, places, mine, least)
            done(1)
            yield labels


def _labels(
    behavior: Codebook, text: str, places: Spans, chances: Sequence[float], least: float
) -> list[Label]:
    found = [
        (Quote(start, end, text[start:end]), chance)
        for (start, end), chance in zip(places, chances, strict=True)
        if chance >= least
    ]
    if behavior.unit == "trace":
        return [_label(behavior.name, [q for q, _ in found], 0, len(text), max(chances, default=0.0), least)]
    shown = {quote.start: quote for quote, _ in found}
    return [
        _label(behavior.name, [shown[start]] if start in shown else [], start, end, chance, least)
        for (start, end), chance in zip(places, chances, strict=True)
    ]


def _label(
    behavior: str, quotes: Sequence[Quote], start: int, end: int, chance: float, least: float
) -> Label:
    verdict = "present" if quotes else "absent"
    why = f"highest chance {chance:.2f}, threshold {least:.2f}"
    return Label(behavior, verdict, len(quotes), tuple(quotes), rationale=why, cost=0.0, start=start, end=end)
