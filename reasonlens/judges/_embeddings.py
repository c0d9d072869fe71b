"""Vectors of sentences from a transformer of the user: mean over its tokens, of length 1, on the processor.

Which model it was is kept by a digest over configuration, tokenizer and weights. The same files in another
folder are the same model; other files are refused, since weights learned on other vectors mean nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reasonlens.core.errors import InputError, MissingExtraError, first_line

__all__ = ["Encoder", "encoder_again", "load_encoder"]

Floats = npt.NDArray[np.float64]

_PATTERNS = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "vocab.*",
    "merges.txt",
    "special_tokens_map.json",
    "added_tokens.json",
)
_BATCH = 32
_WINDOW = 512  # tokens that are read at once


@dataclass(frozen=True, slots=True)
class Encoder:
    """A model that turns sentences into vectors.

    Attributes
    ----------
    name
        The folder or the id that it was loaded from.
    revision
        The commit of a published model; empty for a folder.
    digest
        Of the files that determine its vectors.
    size
        Length of a vector.
    """

    name: str
    revision: str
    digest: str
    size: int
    _tokenizer: Any
    _model: Any
    _window: int

    def about(self) -> dict[str, Any]:
        """Return what must be kept to find it again."""
        return {"model": self.name, "revision": self.revision, "digest": self.digest, "size": self.size}

    def __call__(self, sentences: Sequence[str], done: Callable[[float], None] = lambda _: None) -> Floats:
        """Return one vector per sentence, shape (N, size).

        A sentence that is longer than the window of the model is read in several windows, and its vector is
        the mean over the tokens of all.

        Parameters
        ----------
        sentences
            The texts.
        done
            Called with the share that was just finished.
        """
        total, weight = np.zeros((len(sentences), self.size)), np.zeros(len(sentences))
        if not sentences:
            return total
        pieces = self._tokenizer(
            list(sentences), truncation=True, max_length=self._window, return_overflowing_tokens=True
        )
        ids, owner = pieces["input_ids"], np.asarray(pieces["overflow_to_sample_mapping"])
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # little padding in a batch
        for at in range(0, len(order), _BATCH):
            batch = order[at : at + _BATCH]
            sums, lengths = self._sums([ids[i] for i in batch])
            np.add.at(total, owner[batch], sums)
            np.add.at(weight, owner[batch], lengths)
            done(len(batch) / len(order))
        mean = total / np.maximum(weight, 1)[:, None]
        norm: Floats = np.linalg.norm(mean, axis=1, keepdims=True)
        vectors: Floats = mean / np.where(norm > 0, norm, 1)
        return vectors

    def _sums(self, ids: Sequence[Sequence[int]]) -> tuple[Floats, Floats]:
        """Return the sums of the vectors of the tokens, and the numbers of tokens."""
        import torch

        padded = self._tokenizer.pad({"input_ids": [list(one) for one in ids]}, return_tensors="pt")
        mask = padded["attention_mask"]
        with torch.inference_mode():
            hidden = self._model(input_ids=padded["input_ids"], attention_mask=mask).last_hidden_state
            sums = (hidden * mask.unsqueeze(-1)).sum(dim=1)
        return sums.double().numpy(), mask.sum(dim=1).double().numpy()


def load_encoder(name: str, revision: str = "") -> Encoder:
    """Load a model from a folder, or a published one by its id.

    Parameters
    ----------
    name
        A folder with ``config.json``, a tokenizer and weights as ``.safetensors``, or the id of such a model.
    revision
        The commit of a published model; its newest if left out.

    Raises
    ------
    MissingExtraError
        If torch or transformers is not installed.
    InputError
        If there is no such model, or it does not give a vector per token.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        missing = error.name or "transformers"
        raise MissingExtraError(missing, "transformers", "a local judge with embeddings") from None
    folder, commit = _folder(name, revision)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, use_fast=True)
        model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        why = first_line(error)
        raise InputError(f"{name}: no model that gives embeddings could be loaded ({why})") from None
    if model.config.is_encoder_decoder:
        raise InputError(f"{name} is an encoder with a decoder; embeddings need one that only reads")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.eval()
    longest = getattr(model.config, "max_position_embeddings", None) or _WINDOW
    window = int(min(tokenizer.model_max_length, longest, _WINDOW))
    size = int(model.config.hidden_size)
    given = str(folder) if not commit else name
    return Encoder(given, commit, _digest(folder), size, tokenizer, model, window)


def encoder_again(about: Mapping[str, Any], where: str | None = None) -> Encoder:
    """Load the model that a judge was trained with, from where it was or from somewhere else.

    Raises
    ------
    InputError
        If it is not there, or is another one.
    """
    name = where or str(about["model"])
    try:
        found = load_encoder(name, "" if where else str(about["revision"]))
    except InputError as error:
        raise InputError(
            f"this judge needs the embeddings of {about['model']}, which it was trained with: {error}. "
            "If the model lies elsewhere, name the folder with --embeddings"
        ) from None
    if found.digest != about["digest"] or found.size != about["size"]:
        raise InputError(
            f"{name} is not the model that this judge was trained with (digest {found.digest}, needed is "
            f"{about['digest']} of {about['model']}); name the right one with --embeddings, or train again"
        )
    return found


def _folder(name: str, revision: str) -> tuple[Path, str]:
    """Return the folder of a model, and its commit if it is a published one."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        _look(folder, name)
        return folder.resolve(), ""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        found = huggingface_hub.snapshot_download(
            name, revision=revision or None, allow_patterns=list(_PATTERNS)
        )
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        why = first_line(error)
        raise InputError(f"{name} is no folder, and no published model could be had ({why})") from None
    _look(Path(found), name)
    return Path(found), Path(found).name


def _look(folder: Path, name: str) -> None:
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise InputError(
            f"{name} holds no config.json with weights as .safetensors; save the model with "
            "save_pretrained, with its tokenizer"
        )


def _digest(folder: Path) -> str:
    """Return a digest over the files that determine the vectors."""
    files = {path.name: path for pattern in _PATTERNS for path in folder.glob(pattern) if path.is_file()}
    whole = hashlib.blake2b(digest_size=8)
    for name in sorted(files):
        with files[name].open("rb") as file:
            whole.update(f"{name}\0{hashlib.file_digest(file, 'blake2b').hexdigest()}\n".encode())
    return whole.hexdigest()
