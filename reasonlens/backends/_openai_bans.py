"""Whether a server obeys a ban: tried with a few one-token requests before it is relied on.

- *processor* (vLLM): arguments that no ban can be are refused, and the ban's own are taken. A server
  without the processor takes both.
- *bad_words*: without randomness, forbidding the first token changes it.
- *logit_bias*: without randomness, the largest bias on one token, then on another, gives two texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from reasonlens.backends import BanHandle
from reasonlens.core.errors import BackendError

__all__ = ["ban_fields", "tried_carrier"]

_PROMPT = "Count: one, two, three,"
_BIASES = 3  # tokens tried
_MOST = 100


class Server(Protocol):
    """What trying needs of the backend."""

    model: str
    base_url: str
    is_vllm: bool

    def ask(self, body: dict[str, Any]) -> Any: ...


def ban_fields(ban: BanHandle, carrier: str, body: dict[str, Any], extra: dict[str, Any]) -> None:
    """Add a ban to the fields of a request."""
    if carrier == "processor":
        extra["vllm_xargs"] = dict(ban.vllm_arguments())
    elif carrier == "bad_words":
        extra["bad_words"] = ban.bad_words()
    else:
        body["logit_bias"] = _bias(ban.logit_bias())


def tried_carrier(server: Server, ban: BanHandle) -> str:
    """Return the first way that means the same ban and that the server is seen to obey.

    Raises
    ------
    BackendError
        If there is none; it says what was tried.
    """
    failed = []
    for carrier in (each for each in ban.carriers if each in _TRIALS):
        why = _TRIALS[carrier](server, ban)
        if not why:
            return carrier
        failed.append(f"{carrier}: {why}")
    raise BackendError(
        f"the server {server.base_url} cannot carry the ban {ban.name!r} ({'; '.join(failed)}); start vLLM "
        f"with the processor of the ban, use another backend, or ask for a weaker mode of the ban by name"
    )


def _first(server: Server, **fields: Any) -> str | None:
    """Return the first token of a fixed prompt as text, or ``None`` if the server refuses the fields."""
    import openai

    body = {"model": server.model, "prompt": _PROMPT, "max_tokens": 1, "temperature": 0.0, "top_p": 1.0}
    try:
        said = server.ask({**body, **fields})
    except (openai.BadRequestError, openai.UnprocessableEntityError, openai.NotFoundError):
        return None
    return said.choices[0].text or ""


def _try_processor(server: Server, ban: BanHandle) -> str:
    if not server.is_vllm:
        return "the server is not vLLM"
    arguments = dict(ban.vllm_arguments())
    if _first(server, extra_body={"vllm_xargs": dict.fromkeys(arguments, "no ban")}) is not None:
        return f"the server was started without --logits-processors {ban.processor_path}"
    if _first(server, extra_body={"vllm_xargs": arguments}) is None:
        return "the server's processor refuses this ban"
    return ""


def _try_bad_words(server: Server, ban: BanHandle) -> str:
    plain = _first(server)
    if not plain:
        return "the server gave no token to forbid"
    other = _first(server, extra_body={"bad_words": [plain.strip() or plain]})
    if other is None:
        return "the server refuses bad_words"
    return "the server ignores bad_words" if other == plain else ""


def _try_logit_bias(server: Server, ban: BanHandle) -> str:
    seen = {_first(server)}
    for token in list(ban.logit_bias())[:_BIASES]:
        text = _first(server, logit_bias={str(token): _MOST})
        if text is None:
            return "the server refuses logit_bias"
        seen.add(text)
    return "the server ignores logit_bias" if len(seen) == 1 else ""


def _bias(bias: Mapping[int, float]) -> dict[str, float]:
    """Return a bias as servers take it: ids as text, values between -100 and 100."""
    return {str(token): max(-_MOST, min(_MOST, value)) for token, value in bias.items()}


_TRIALS = {"processor": _try_processor, "bad_words": _try_bad_words, "logit_bias": _try_logit_bias}
