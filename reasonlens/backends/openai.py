"""Draw from any OpenAI-compatible server over HTTP: ``vllm serve``, llama.cpp, a hosted API.

A request with messages is a chat completion (the server applies its own template), any other a
plain completion of the prompt as it is. Whether a server really obeys a ban is tried before it is
relied on (`reasonlens.backends._openai_bans`): many servers take unknown fields and do nothing.
Temperature and top_p are always sent, because servers have defaults of their own.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from collections.abc import Coroutine, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

from reasonlens.backends import (
    BanHandle,
    Capabilities,
    Completion,
    GenerationRequest,
    SamplingParams,
)
from reasonlens.backends._openai_bans import ban_fields, tried_carrier
from reasonlens.backends._openai_bodies import completion_of, fields_of
from reasonlens.backends._openai_errors import fatal, message_of
from reasonlens.core.errors import BackendError, InputError, MissingExtraError

__all__ = ["NAME", "TITLE", "OpenAIBackend", "connect"]

NAME = "openai"
TITLE = "any OpenAI-compatible server over HTTP: vllm serve, llama.cpp, a hosted API"

_LOGPROBS = 20


def connect(
    model: str,
    *,
    base_url: str = "http://127.0.0.1:8000/v1",
    key_env: str = "OPENAI_API_KEY",
    concurrency: int = 64,
    timeout: float = 3600.0,
    retries: int = 4,
    vocabulary: int | None = None,
) -> OpenAIBackend:
    """Find the server and the model on it.

    Parameters
    ----------
    model
        The model's name on the server.
    base_url
        Where the server is, with ``/v1``.
    key_env
        The variable of the environment that holds the key, if the server wants one.
    concurrency
        Requests in flight at once.
    timeout
        Seconds that one response may take.
    retries
        How often a request is sent again after a refusal that may pass (429, 5xx).
    vocabulary
        Number of tokens of the model; needed only for log-probabilities.

    Raises
    ------
    MissingExtraError
        If the package openai is not installed.
    BackendError
        If no server answers, it refuses the key, or it has no such model.
    """
    try:
        import openai
    except ImportError as error:
        raise MissingExtraError("openai", "judge", "the openai backend") from error
    if concurrency < 1:
        raise InputError(f"concurrency {concurrency}: at least one request is in flight")
    client = openai.AsyncOpenAI(
        base_url=base_url,
        api_key=os.environ.get(key_env) or "none",
        max_retries=retries,
        timeout=openai.Timeout(timeout, connect=15.0),
    )
    made = OpenAIBackend(model, client, base_url, key_env, concurrency, vocabulary)
    try:
        made.find_model()
    except BaseException:
        made.close()
        raise
    return made


class _Loop:
    """An event loop in a thread of its own; it ends when it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


class OpenAIBackend:
    """A server with a model; see `connect`."""

    NAME = NAME

    def __init__(
        self,
        model: str,
        client: Any,
        base_url: str,
        key_env: str = "OPENAI_API_KEY",
        concurrency: int = 64,
        vocabulary: int | None = None,
    ) -> None:
        self.model, self.base_url, self.is_vllm = model, base_url, False
        self._client, self._key_env = client, key_env
        self._concurrency, self._vocabulary = concurrency, vocabulary
        self._loop = _Loop()
        self._tried: dict[tuple[str, str], str] = {}

    def capabilities(self) -> Capabilities:
        """Say what such a server may be able to do; a ban is tried before it is relied on."""
        carriers = ("processor", "bad_words", "logit_bias") if self.is_vllm else ("bad_words", "logit_bias")
        note = "each way is tried on the server first; a hosted server may round differently from day to day"
        return Capabilities(carriers, _LOGPROBS if self._vocabulary else 0, "none", note)

    def tokenizer(self) -> None:
        """It stays on the server."""
        return

    def close(self) -> None:
        """Close the connections."""
        try:
            self._loop.submit(self._client.close()).result(5)
        finally:
            self._loop.close()

    def find_model(self) -> None:
        """Ask the server which models it has.

        Raises
        ------
        BackendError
            If it does not answer, refuses the key, or has no such model.
        """
        import openai

        try:
            listed = self._loop.submit(_models(self._client)).result()
        except openai.NotFoundError:  # a server without a list of models
            return
        except openai.APIError as error:
            raise fatal(error, self.base_url, self._key_env) from error
        self.is_vllm = any(owner == "vllm" for _, owner in listed)
        names = [name for name, _ in listed]
        if names and self.model not in names:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            raise BackendError(f"the server {self.base_url} has no model {self.model!r}; it has {shown}")

    def ask(self, body: dict[str, Any]) -> Any:
        """Send one completion body and wait for the answer."""
        return self._loop.submit(self._send(body)).result()

    def generate(
        self, requests: Iterable[GenerationRequest], sampling: SamplingParams
    ) -> Iterator[Completion]:
        """Yield one completion per request, each as soon as it is done."""
        waiting = iter(requests)
        done: queue.Queue[Future[Completion]] = queue.Queue()
        running: set[Future[Completion]] = set()
        more = True
        try:
            while more or running:
                while more and len(running) < self._concurrency:
                    request = next(waiting, None)
                    if request is None:
                        more = False
                        break
                    future = self._loop.submit(
                        self._complete(request, self._body(request, sampling), sampling)
                    )
                    running.add(future)
                    future.add_done_callback(done.put)
                if running:
                    ended = done.get()
                    running.discard(ended)
                    yield ended.result()
        finally:
            for future in running:
                future.cancel()

    def _body(self, request: GenerationRequest, sampling: SamplingParams) -> dict[str, Any]:
        body, extra = fields_of(request, sampling, vllm=self.is_vllm)
        if request.ban is not None:
            ban_fields(request.ban, self._carrier(request.ban), body, extra)
        return {"model": self.model, **body, "extra_body": extra}

    def _carrier(self, ban: BanHandle) -> str:
        key = (ban.name, ban.digest)
        if key not in self._tried:
            self._tried[key] = tried_carrier(self, ban)
        return self._tried[key]

    async def _send(self, body: dict[str, Any]) -> Any:
        api = self._client.chat.completions if "messages" in body else self._client.completions
        return await api.create(**body)

    async def _complete(
        self, request: GenerationRequest, body: dict[str, Any], sampling: SamplingParams
    ) -> Completion:
        import openai

        try:
            said = await self._send(body)
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            raise fatal(error, self.base_url, self._key_env) from error
        except openai.APITimeoutError:
            return Completion(request.request_id, "", "error", problem="no answer within the time allowed")
        except openai.APIStatusError as error:
            problem = f"the server said {error.status_code}: {message_of(error)}"
            return Completion(request.request_id, "", "error", problem=problem)
        except openai.APIConnectionError as error:
            raise fatal(error, self.base_url, self._key_env) from error
        return completion_of(request.request_id, said, sampling, self._vocabulary)


async def _models(client: Any) -> list[tuple[str, str]]:
    return [(model.id, model.owned_by or "") async for model in client.models.list()]
