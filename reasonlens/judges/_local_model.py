"""A trained judge as a file: vocabulary, weights and measured error, without pickle.

``NAME.npz`` holds arrays (``weights``: behaviors x features, ``intercept``, ``threshold``, ``idf``) and two
texts as UTF-8 bytes (``about`` and ``vocabulary``, JSON). A file may come from anyone: it is checked first.
Of a model that gives embeddings it holds only where that was found and its digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.core.study import write_file

__all__ = [
    "PLACE",
    "LocalModel",
    "extras",
    "features",
    "load_model",
    "places_of",
    "save_model",
    "vectorizers",
]

Floats = npt.NDArray[np.float64]

PLACE = ("before", "after", "first", "last", "words")
"""Numbers of a sentence beside its n-grams: where it stands and how long it is."""

_FORMAT = 2
_READ = (1, 2)  # 1: without embeddings
_LARGEST = 2**30  # bytes, unpacked
_ARRAYS = ("weights", "intercept", "threshold", "idf")
_TEXTS = ("about", "vocabulary")
_BEHAVIOR = ("name", "version", "digest", "error")
_EMBEDDINGS = {"model": str, "revision": str, "digest": str, "size": int}


@dataclass(frozen=True, slots=True)
class LocalModel:
    """Weights of a logistic regression per behavior on n-grams, place and perhaps embeddings.

    Attributes
    ----------
    name
        Its name; in tables it is ``local:NAME``.
    behaviors
        For each: ``name``, ``version`` and ``digest`` of the codebook, ``error`` (measured on problems that
        it was not trained on).
    words, chars
        Vocabulary of word and of character n-grams.
    weights, intercept, threshold
        Shapes (B, F), (B,), (B,); a sentence shows a behavior if its chance reaches the threshold.
    idf
        Weights of the n-grams, shape (F - 5,).
    about
        Whose labels it learned from, how many, versions.
    digest
        Of the file.
    embeddings
        Which model gives the vectors that it needs (``model revision digest size``, see
        `reasonlens.judges._embeddings.Encoder.about`); empty if it needs none. They are its last features.
    """

    name: str
    behaviors: tuple[Mapping[str, Any], ...]
    words: tuple[str, ...]
    chars: tuple[str, ...]
    weights: Floats
    intercept: Floats
    threshold: Floats
    idf: Floats
    about: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    embeddings: Mapping[str, Any] = field(default_factory=dict)

    def chances(self, sentences: Sequence[str], vectors: Floats | None = None) -> Floats:
        """Return the chance of each behavior in each sentence of one text, shape (sentences, B)."""
        if not sentences:
            return np.zeros((0, len(self.behaviors)))
        found = features(sentences, places_of(len(sentences)), self._vectorizers(), vectors)
        score = np.asarray(found @ self.weights.T) + self.intercept
        result: Floats = 1 / (1 + np.exp(-np.clip(score, -500, 500)))
        return result

    def _vectorizers(self) -> tuple[Any, Any]:
        words, chars = vectorizers(self.words, self.chars)
        words.idf_, chars.idf_ = self.idf[: len(self.words)], self.idf[len(self.words) :]
        return words, chars


def vectorizers(words: Sequence[str] | None = None, chars: Sequence[str] | None = None) -> tuple[Any, Any]:
    """Return the two vectorizers, with their vocabulary: words 1 to 2, characters within words 3 to 5."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise MissingExtraError("scikit-learn", "judge", "a local judge") from None
    shared = {"lowercase": True, "sublinear_tf": True, "dtype": np.float64}
    token = r"(?u)\w+|[^\w\s]"  # signs are words: "?" and "=" say much
    return (
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=token, vocabulary=_index(words), **shared),
        TfidfVectorizer(ngram_range=(3, 5), analyzer="char_wb", vocabulary=_index(chars), **shared),
    )


def _index(terms: Sequence[str] | None) -> dict[str, int] | None:
    return None if terms is None else {term: i for i, term in enumerate(terms)}


def places_of(n: int) -> Floats:
    """Return for the n sentences of a text: share before, share after, is first, is last."""
    i = np.arange(n)
    return np.column_stack([i / n, (n - 1 - i) / n, i == 0, i == n - 1]).astype(np.float64)


def extras(sentences: Sequence[str], places: Floats, vectors: Floats | None = None) -> Floats:
    """Return the numbers `PLACE` of each sentence, then its embedding if there is one, shape (N, 5 + D)."""
    length = np.log1p([len(sentence.split()) for sentence in sentences])[:, None] / 5
    return np.hstack([places, length] if vectors is None else [places, length, vectors])


def features(
    sentences: Sequence[str], places: Floats, fitted: tuple[Any, Any], vectors: Floats | None = None
) -> Any:
    """Return one sparse row per sentence: word n-grams, character n-grams, place and length, embedding."""
    from scipy import sparse

    words, chars = (one.transform(sentences) for one in fitted)
    return sparse.hstack([words, chars, sparse.csr_matrix(extras(sentences, places, vectors))]).tocsr()


def save_model(model: LocalModel, path: Path) -> None:
    """Write a model in full or not at all."""
    about = {"format": _FORMAT, "name": model.name, "behaviors": [dict(b) for b in model.behaviors]}
    texts = {
        "about": {**about, "about": dict(model.about), "embeddings": dict(model.embeddings)},
        "vocabulary": {"words": list(model.words), "chars": list(model.chars)},
    }
    data = {name: np.frombuffer(json.dumps(texts[name]).encode(), dtype=np.uint8) for name in _TEXTS}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **data, **{name: getattr(model, name) for name in _ARRAYS})  # type: ignore[arg-type]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, buffer.getvalue())


def load_model(path: Path) -> LocalModel:
    """Read and check a model.

    Raises
    ------
    InputError
        If the file is not there, or is none that `save_model` wrote.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: no trained judge can be read there ({error.strerror})") from None
    try:
        return _checked(raw)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} is no judge that `reasonlens agree train` wrote, or is damaged ({error}); train it again"
        ) from None


def _checked(raw: bytes) -> LocalModel:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if sum(info.file_size for info in packed.infolist()) > _LARGEST:
            raise ValueError("it unpacks to more than a gigabyte")
    with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
        data = {name: stored[name] for name in (*_ARRAYS, *_TEXTS)}
    about, vocabulary = (json.loads(bytes(data[name].astype(np.uint8))) for name in _TEXTS)
    if about["format"] not in _READ:
        raise ValueError(f"format {about['format']}, this version reads {_FORMAT}")
    embeddings = about.get("embeddings", {})
    if embeddings and any(type(embeddings[name]) is not kind for name, kind in _EMBEDDINGS.items()):
        raise ValueError("it does not say which embeddings it needs")
    words, chars = (_terms(vocabulary[name]) for name in ("words", "chars"))
    behaviors = tuple(about["behaviors"])
    if not behaviors or not all(isinstance(b, dict) and all(k in b for k in _BEHAVIOR) for b in behaviors):
        raise ValueError("it names no behaviors")
    b, n = len(behaviors), len(words) + len(chars)
    wide = n + len(PLACE) + embeddings.get("size", 0)
    shapes = {"weights": (b, wide), "intercept": (b,), "threshold": (b,), "idf": (n,)}
    for name, shape in shapes.items():
        if data[name].shape != shape or data[name].dtype != np.float64 or not np.isfinite(data[name]).all():
            raise ValueError(f"{name} has shape {data[name].shape}, not {shape}, or is not finite")
    digest = hashlib.blake2b(raw, digest_size=8).hexdigest()
    arrays = {name: data[name] for name in _ARRAYS}
    about_it = {"about": about["about"], "digest": digest, "embeddings": embeddings}
    return LocalModel(str(about["name"]), behaviors, words, chars, **arrays, **about_it)


def _terms(found: Any) -> tuple[str, ...]:
    if (
        not isinstance(found, list)
        or not all(isinstance(x, str) for x in found)
        or len(set(found)) < len(found)
    ):
        raise ValueError("the vocabulary is no list of different words")
    return tuple(found)
