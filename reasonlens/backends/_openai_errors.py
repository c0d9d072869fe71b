"""What an OpenAI-compatible server says when it refuses, for people."""

from __future__ import annotations

from typing import Any

from reasonlens.core.errors import BackendError

__all__ = ["fatal", "message_of"]

_LONG = 300


def message_of(error: Any) -> str:
    """Return what a server said of a failure, on one line."""
    body = getattr(error, "body", None)
    if isinstance(body, dict):
        inner = body.get("error")
        body = (inner.get("message") if isinstance(inner, dict) else inner) or body.get("message")
    said = " ".join(str(body or error).split())
    return said if len(said) <= _LONG else said[: _LONG - 3] + "..."


def fatal(error: Any, base_url: str, key_env: str) -> BackendError:
    """Return why no request to this server can succeed, and what to do about it."""
    import openai

    where = f"the server {base_url}"
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return BackendError(f"{where} refuses the key; set {key_env} to a key that it knows")
    if isinstance(error, openai.APIConnectionError):
        return BackendError(
            f"no answer from {where}; is it running? What is finished is kept: run the same command again"
        )
    if isinstance(error, openai.NotFoundError):
        return BackendError(f"{where} does not know this model or this way of asking: {message_of(error)}")
    return BackendError(f"{where} failed: {message_of(error)}")
