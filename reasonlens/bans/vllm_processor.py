"""A ban as a logits processor of vLLM: one class for both of its interfaces.

V1 (``vllm.v1.sample.logits_processor``) keeps tokens on the host and is made as
``(vllm_config, device, is_pin_memory)``; V2 (``vllm.v1.worker.gpu.sample.logits_processor``, the
default on GPUs since 0.31) keeps them on the device and is made as ``(vllm_config, req_states)``.
Start an engine with ``logits_processors=["reasonlens.bans.vllm_processor:BanProcessor"]`` and send a
ban with each request (``Handle.vllm_arguments``); requests without one are left alone.

States advance in ``apply``, never in ``update_state``: there the last tokens may not be known yet.
"""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

from reasonlens.bans.ban import Ban
from reasonlens.bans.compiled import Compiled, compiled
from reasonlens.bans.handle import ARGUMENT
from reasonlens.bans.vocabulary import Vocabulary, of_tokenizer, read
from reasonlens.core.errors import ReasonlensError

__all__ = ["BanProcessor", "ban_of", "processor_class"]


def ban_of(sampling_params: Any) -> Ban | None:
    """Return the ban of a request, if it has one.

    Raises
    ------
    ValueError
        If the argument is no ban, or one that no processor carries: vLLM answers with the text.
    """
    text = (getattr(sampling_params, "extra_args", None) or {}).get(ARGUMENT)
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"{ARGUMENT} must be a string, as Handle.vllm_arguments gives it")
    try:
        ban = Ban.from_json(text)
    except ReasonlensError as error:
        raise ValueError(f"{ARGUMENT}: {error}") from None
    if not ban.processed:
        raise ValueError(
            f"{ARGUMENT}: the mode {ban.mode!r} is vLLM's own; send it as {ban.mode} of the request instead"
        )
    return ban


class _Shared:
    """What both interfaces have in common."""

    def __init__(self, vllm_config: Any, *rest: Any) -> None:
        if getattr(vllm_config, "speculative_config", None) is not None:
            raise ValueError(
                "a ban does not work with speculative decoding: start the engine without a speculative "
                "config, or without the ban's processor"
            )
        self._vocabulary = _vocabulary(vllm_config.model_config)
        self._width = int(vllm_config.model_config.get_vocab_size())
        if len(rest) == 1:
            from reasonlens.bans._device_rows import DeviceRows

            self._rows: Any = DeviceRows(rest[0], self._width)
        else:
            from reasonlens.bans._host_rows import HostRows

            self._rows = HostRows(rest[0], self._width)

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Refuse what cannot be carried out, with a text that says why."""
        ban = ban_of(sampling_params)
        if ban is not None and getattr(sampling_params, "structured_outputs", None) is not None:
            raise ValueError(
                "a ban does not work together with structured outputs: what the grammar demands may be "
                f"banned, and the request would fail; leave out one of structured_outputs and {ARGUMENT}"
            )

    def _compiled(self, sampling_params: Any) -> Compiled | None:
        ban = ban_of(sampling_params)
        return None if ban is None else compiled(ban, self._vocabulary)

    def is_argmax_invariant(self) -> bool:
        """A ban changes what is likeliest (V1)."""
        return False

    def update_state(self, batch_update: Any) -> None:
        """Note which requests come, go and move (V1)."""
        self._rows.update(batch_update, self._compiled)

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        """Note that a request takes a slot (V2)."""
        return bool(self._rows.add(req_idx, self._compiled(sampling_params), _seed(sampling_params)))

    def apply_staged_writes(self) -> None:
        """Find where the new requests stand (V2)."""
        self._rows.flush()

    def apply(self, logits: Any, *context: Any) -> Any:
        """Forbid at each row what would finish a word that its request bans."""
        return self._rows.apply(logits, *context)


def _seed(sampling_params: Any) -> int:
    return int(getattr(sampling_params, "seed", None) or 0)


def _vocabulary(model_config: Any) -> Vocabulary:
    source = str(model_config.tokenizer)
    if (Path(source) / "tokenizer.json").is_file():
        return read(source)
    from transformers import AutoTokenizer

    revision = getattr(model_config, "tokenizer_revision", None)
    return of_tokenizer(AutoTokenizer.from_pretrained(source, revision=revision, use_fast=True))


def _interfaces() -> tuple[type, ...]:
    """Return the base classes that the installed vLLM has: none, V1, or both."""
    found: list[type] = []
    try:
        from vllm.v1.sample.logits_processor import LogitsProcessor as Host

        found.append(Host)
    except ImportError:  # no vLLM, or one that has dropped V1
        pass
    try:
        from vllm.v1.worker.gpu.sample.logits_processor import LogitsProcessor as Device

        found.append(Device)
    except ImportError:  # before 0.31
        pass
    return tuple(found)


def processor_class(*interfaces: type) -> type:
    """Return the processor as a class that vLLM accepts wherever it asks for one of `interfaces`."""
    body = {"__doc__": _Shared.__doc__, "__module__": __name__}
    return types.new_class("BanProcessor", (_Shared, *interfaces), {}, lambda space: space.update(body))


BanProcessor = processor_class(*_interfaces())
