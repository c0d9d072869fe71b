"""The Batch API: half the price, within a day; submitted, looked after and taken in, across runs.

A batch is on record before it is created, so a run that is killed in between finds it again by its name
in the metadata, and no request is submitted twice.
"""

from __future__ import annotations

import io
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

import orjson

from reasonlens.calls import Answer, Endpoint, Request, Sampling, body_of, request_key
from reasonlens.calls.answers import Parse, Wire, answer_of, chat, usage_of
from reasonlens.calls.journal import Journal, Stored
from reasonlens.calls.keys import api_key, check_address, redacted
from reasonlens.calls.prices import Prices, load
from reasonlens.core.errors import BackendError, MissingExtraError

__all__ = ["MOST_BYTES", "MOST_REQUESTS", "Batches", "Status", "under_way"]

MOST_REQUESTS = 50_000
"""Requests in one file (a limit of the service)."""

MOST_BYTES = 190_000_000
"""Bytes of one file; the service takes 200 MB."""

_DONE = {"completed", "expired", "cancelled", "failed"}
_NAME = "reasonlens_batch"
_PATH = "/v1/chat/completions"


@dataclass(slots=True)
class Status:
    """Where the batches of a run stand: numbers of requests, and what the service says of each batch.

    Attributes
    ----------
    failed
        Why a request got no answer, by key.
    states, problems
        By batch: its state, and why the service did not do it.
    """

    submitted: int = 0
    answered: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether nothing is waited for."""
        return all(state in _DONE for state in self.states.values())


def under_way(journal: Journal, endpoint: Endpoint) -> set[str]:
    """Return the keys of requests that stand in a batch whose end is not known yet."""
    found = journal.batches(endpoint.base_url)
    return {key for _, keys, _, state in found if state not in _DONE for key in keys}


class Batches:
    """The batches of one journal at one server."""

    def __init__(
        self,
        endpoint: Endpoint,
        sampling: Sampling,
        journal: Journal,
        *,
        prices: Prices | None = None,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        try:
            import openai
        except ModuleNotFoundError as error:
            raise MissingExtraError("openai", "judge", "the Batch API") from error
        check_address(endpoint.base_url, insecure=endpoint.insecure)
        self._key = api_key(endpoint)
        self._client = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=self._key or "none",
            max_retries=5,
            timeout=120.0,
            default_headers=dict(endpoint.headers),
            http_client=openai.DefaultHttpxClient(follow_redirects=False),  # bodies go to one server only
        )
        weakref.finalize(self, self._client.close)
        self._endpoint, self._sampling, self._journal = endpoint, sampling, journal
        self._prices = prices or load()
        self._most_requests, self._most_bytes = most_requests, most_bytes

    def submit(self, requests: Iterable[Request]) -> int:
        """Submit what is neither answered nor on its way; return how many requests that are.

        Raises
        ------
        BackendError
            If the service does not take a batch.
        """
        known = set(self._journal.keys()) | under_way(self._journal, self._endpoint)
        n = 0
        for keys, data in self._files(requests, known):
            self._create(keys, data)
            n += len(keys)
        return n

    def _records(self) -> Iterator[tuple[str, list[str], str | None, str]]:
        return self._journal.batches(self._endpoint.base_url)

    def _files(self, requests: Iterable[Request], known: set[str]) -> Iterator[tuple[list[str], bytes]]:
        keys: list[str] = []
        lines = bytearray()
        for request in requests:
            key = request_key(self._endpoint, self._sampling, request)
            if key in known:
                continue
            known.add(key)
            body = body_of(self._endpoint, self._sampling, request)
            line = orjson.dumps({"custom_id": key, "method": "POST", "url": _PATH, "body": body}) + b"\n"
            if keys and (len(keys) >= self._most_requests or len(lines) + len(line) > self._most_bytes):
                yield keys, bytes(lines)
                keys, lines = [], bytearray()
            keys.append(key)
            lines += line
        if keys:
            yield keys, bytes(lines)

    def _create(self, keys: list[str], data: bytes) -> None:
        name = sha256("".join(keys).encode()).hexdigest()[:24] + f"-{int(time.time())}"
        self._journal.put_batch(name, self._endpoint.base_url, keys, "uploading", None).result()
        try:
            file = self._client.files.create(file=(f"{name}.jsonl", io.BytesIO(data)), purpose="batch")
            # sent once: a second try after a lost reply would be a second batch
            made = self._client.with_options(max_retries=0).batches.create(
                input_file_id=file.id,
                endpoint=_PATH,
                completion_window="24h",
                metadata={_NAME: name},
            )
        except Exception as error:
            # if it did not say no, it may have taken it: then the next look finds it by its name
            state = "failed" if getattr(error, "status_code", 500) < 500 else "uploading"
            self._journal.put_batch(name, self._endpoint.base_url, keys, state, None).result()
            why = redacted(f"{type(error).__name__}: {error}", self._key)
            raise BackendError(f"the service did not take the batch: {why}") from None
        self._journal.put_batch(name, self._endpoint.base_url, keys, made.status, made.id).result()

    def look(self) -> Status:
        """Ask how every open batch stands, and take in the answers of those that are done."""
        status, found = Status(), self._by_name()
        for name, keys, batch, state in list(self._records()):
            status.submitted += len(keys)
            now = found.get(batch or name)
            if state in _DONE:
                status.states[name] = state
            elif now is None:
                # on record, but never created: free its requests
                self._journal.put_batch(name, self._endpoint.base_url, keys, "failed", None).result()
                status.states[name] = "failed"
            else:
                status.states[name] = now.status
                if why := _why(now):
                    status.problems[name] = why
                if now.status in _DONE:
                    self._take(now, set(keys), status)
                self._journal.put_batch(name, self._endpoint.base_url, keys, now.status, now.id).result()
        answered = self._journal.keys()
        status.answered = sum(key in answered for _, keys, _, _ in self._records() for key in keys)
        return status

    def _by_name(self) -> dict[str, Any]:
        found = {}
        for batch in self._client.batches.list(limit=100):
            found[batch.id] = batch
            name = (batch.metadata or {}).get(_NAME)
            if name:
                found.setdefault(name, batch)
        return found

    def _take(self, batch: Any, keys: set[str], status: Status) -> None:
        """Keep every answer of a batch in the journal; what has none is named in the status."""
        price, kept = self._prices.of(self._endpoint), []
        for file in (batch.output_file_id, batch.error_file_id):
            if not file:
                continue
            for line in self._client.files.content(file).iter_lines():
                key, body, problem = _row(line)
                if key not in keys:
                    continue
                if body is None:
                    status.failed[key] = problem
                    continue
                usage, model = usage_of(body)
                stored = Stored(0, 200, body, usage.cost(price, batch=True), model, time.time())
                kept.append(self._journal.put(key, stored))
        for future in kept:
            future.result()

    def wait(self, every: float = 30.0, tell: Callable[[Status], None] = lambda _: None) -> Status:
        """Look again until all is done; Ctrl-C leaves the batches to a later run."""
        while not (status := self.look()).done:
            tell(status)
            time.sleep(every)
        tell(status)
        return status

    def answers(
        self, requests: Iterable[Request], parse: Parse | None = None, wire: Wire | None = None
    ) -> Iterator[tuple[int, Answer]]:
        """Yield the answer to each request; one that is not there is ``failed`` and says so.

        Parameters
        ----------
        requests
            What was submitted.
        parse
            Checks and converts the JSON value of an answer; raises ``ValueError`` if it will not do.
        wire
            Reads replies in place of the usual one.
        """
        wire = wire or chat(self._endpoint, self._sampling, parse)
        for place, request in enumerate(requests):
            key = wire.key(request)
            attempts = self._journal.get(key)
            if attempts:
                yield place, answer_of(key, attempts, partial(wire.read, request), from_journal=True)
            else:
                yield place, Answer(key, "failed", problem="the batch gave no answer")


def _row(line: str) -> tuple[str, bytes | None, str]:
    """Return key, body and problem of a line of an output or error file."""
    try:
        row = orjson.loads(line)
        response = row.get("response") or {}
        if response.get("status_code") == 200:
            return str(row["custom_id"]), orjson.dumps(response["body"]), ""
        return str(row["custom_id"]), None, str(row.get("error") or response.get("body") or response)[:300]
    except (orjson.JSONDecodeError, KeyError, AttributeError):
        return "", None, "no line of a batch"


def _why(batch: Any) -> str:
    errors = getattr(getattr(batch, "errors", None), "data", None) or []
    return "; ".join(str(error.message) for error in errors)[:300]
