"""A chat server that misbehaves on request, for tests and benchmarks.

Run it in a thread (`serving`) or as a process (``python -m tests.calls.fake_server PORT``). What it does is
decided per request by the text of the last message: ``[429]`` and so on (see `FAULTS`), each once per prompt
unless it ends in ``!``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.calls.fake_batches import FakeBatches

__all__ = ["FakeServer", "serving"]

FAULTS = (
    *("429", "429-wait", "500", "503-html", "hang", "reset", "slow", "cut", "badjson", "schema", "empty"),
    *("refuse", "filter", "length", "wrong-model", "bomb", "redirect", "401", "quota", "400"),
)
MODEL = "fake-judge"


def usual(messages: list[dict[str, str]], schema: dict[str, Any] | None) -> str:
    """Answer with JSON that says how long the question is, or with plain text."""
    last = messages[-1]["content"]
    return json.dumps({"length": len(last)}) if schema else f"I read {len(last)} characters."


@dataclass
class FakeServer(FakeBatches):
    """What the server does and what it has seen.

    Parameters
    ----------
    reply
        Makes the text of an answer from the messages and the schema.
    latency, spread
        Seconds before each answer, and at random up to so many more.
    rate
        Requests a second that are let through (a bucket of one second), or ``None``.
    retry_after
        What is sent with "too many requests"; ``None`` sends nothing.
    context
        The context length that it tells of its model, or ``None``.
    unknown
        A parameter that it refuses.
    usage
        Whether it reports tokens.
    """

    reply: Callable[[list[dict[str, str]], dict[str, Any] | None], str] = usual
    latency: float = 0.0
    spread: float = 0.0
    keep_bodies: bool = True
    rate: float | None = None
    retry_after: str | None = "0.1"
    advertise: bool = False
    context: int | None = 32768
    unknown: str = ""
    usage: bool = True
    url: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    limited: int = 0
    peers: set[Any] = field(default_factory=set)
    _tokens: float = -1.0
    _at: float = 0.0

    def app(self) -> web.Application:
        app = web.Application(client_max_size=2**30)
        app.router.add_get("/v1/models", self.models)
        app.router.add_post("/v1/chat/completions", self.chat)
        app.router.add_post("/v1/decisions", self.decisions)
        app.router.add_get("/props", self.props)
        self.add_batches(app)
        app.router.add_get("/stats", self.stats)
        return app

    async def stats(self, request: web.Request) -> web.Response:
        """What was answered, for a client in another process."""
        billed = list(self.billed.values())
        return web.json_response(
            {
                "answered": sum(billed),
                "distinct": len(billed),
                "limited": self.limited,
                "asked": sum(self.seen.values()),
            }
        )

    async def models(self, request: web.Request) -> web.Response:
        model = {"id": MODEL, **({"max_model_len": self.context} if self.context else {})}
        return web.json_response({"object": "list", "data": [model]})

    async def props(self, request: web.Request) -> web.Response:
        return web.json_response({"default_generation_settings": {"n_ctx": 4096}})

    async def decisions(self, request: web.Request) -> web.Response:
        """Give a statement its share of the text's length; refuse what is called forbidden."""
        body = await request.json()
        self.bodies.append(body)
        self.billed[body["input"]] += 1
        answers: list[dict[str, Any]] = []
        for question in body["questions"]:
            text, about = question["instructions"], {"name": question["name"]}
            share = min(1.0, len(text) / max(1, len(body["input"])))
            answer = {"type": "predicate", "probability": 2.0 if "[broken]" in text else share}
            answers.append({**about, **({"type": "refusal"} if "forbidden" in text else answer)})
        usage = {"input_tokens": 10, "output_tokens": 0, "input_tokens_details": {"cached_tokens": 4}}
        return web.json_response({"answers": answers, "model": body["model"], "usage": usage})

    def admitted(self) -> bool:
        if self.rate is None:
            return True
        now = time.monotonic()
        self._tokens = (
            self.rate if self._tokens < 0 else min(self.rate, self._tokens + (now - self._at) * self.rate)
        )
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if not body["messages"]:
            return web.json_response({"error": {"message": "no messages"}}, status=400)
        prompt = "\n".join(m["content"] for m in body["messages"])
        if self.keep_bodies:
            self.bodies.append(body)
        self.seen[prompt] += 1
        self.peers.add(request.transport.get_extra_info("peername") if request.transport else None)
        if self.unknown and self.unknown in body:
            return web.json_response({"error": {"message": f"unknown {self.unknown}"}}, status=400)
        headers = {"x-ratelimit-limit-requests": str(int((self.rate or 0) * 60))} if self.advertise else {}
        if not self.admitted():
            self.limited += 1
            if self.retry_after is not None:
                headers["Retry-After"] = self.retry_after
            return web.json_response({"error": {"message": "too many requests"}}, status=429, headers=headers)
        if self.latency:
            await asyncio.sleep(self.latency + random.random() * self.spread)
        for fault in FAULTS:
            if f"[{fault}!]" in prompt or (f"[{fault}]" in prompt and self.seen[prompt] == 1):
                return await self.misbehave(fault, request, body, prompt)
        return self.answer(body, prompt, headers=headers)

    def answer(self, body: dict[str, Any], prompt: str, **given: Any) -> web.Response:
        self.billed[prompt] += 1
        headers = given.pop("headers", {})
        return web.json_response(self.completion(body, **given), headers=headers)

    def completion(self, body: dict[str, Any], **given: Any) -> dict[str, Any]:
        form = body.get("response_format", {}).get("json_schema", {}).get("schema")
        text = given.get("text", ...)
        if text is ...:
            text = self.reply(body["messages"], form)
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if "refusal" in given:
            message["refusal"] = given["refusal"]
        length = sum(len(m["content"]) for m in body["messages"])
        tokens = {
            "prompt_tokens": length // 4 + 1,
            "completion_tokens": len(text or "") // 4 + 1,
            "total_tokens": length // 4 + len(text or "") // 4 + 2,
            "prompt_tokens_details": {"cached_tokens": 0},
        }
        return {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": given.get("model", body["model"]),
            "choices": [{"index": 0, "message": message, "finish_reason": given.get("finish", "stop")}],
            **({"usage": tokens} if self.usage else {}),
        }

    async def misbehave(
        self, fault: str, request: web.Request, body: dict[str, Any], prompt: str
    ) -> web.StreamResponse:
        if fault in ("429", "429-wait"):
            headers = {"Retry-After": "0.05"} if fault == "429-wait" else {}
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers=headers)
        if fault == "quota":
            error = {"message": "You exceeded your quota", "code": "insufficient_quota"}
            return web.json_response({"error": error}, status=429)
        if fault in ("401", "400", "500"):
            echoed = request.headers.get("Authorization", "")
            return web.json_response({"error": {"message": f"no: {echoed}"}}, status=int(fault))
        if fault == "503-html":
            return web.Response(text="<html>busy</html>", status=503, content_type="text/html")
        if fault == "hang":
            await asyncio.sleep(30)
            return web.Response(status=500)
        if fault == "reset":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault in ("slow", "cut"):
            return await self.drip(request, body, cut=fault == "cut")
        if fault == "bomb":
            bomb = gzip.compress(b" " * (64 * 2**20))
            return web.Response(
                body=bomb, headers={"Content-Encoding": "gzip"}, content_type="application/json"
            )
        if fault == "redirect":
            raise web.HTTPTemporaryRedirect("http://localhost:9/v1/chat/completions")
        texts: dict[str, dict[str, Any]] = {
            "badjson": {"text": '{"length": '},
            "schema": {"text": '{"other": 1}'},
            "empty": {"text": ""},
            "refuse": {"text": None, "refusal": "I cannot help with that."},
            "filter": {"finish": "content_filter"},
            "length": {"text": '{"len', "finish": "length"},
            "wrong-model": {"model": "another-model"},
        }
        return self.answer(body, prompt, **texts.get(fault, {}))

    async def drip(self, request: web.Request, body: dict[str, Any], *, cut: bool) -> web.StreamResponse:
        data = json.dumps(self.completion(body)).encode()
        response = web.StreamResponse(headers={"Content-Length": str(len(data))})
        response.content_type = "application/json"
        await response.prepare(request)
        for i in range(0, len(data), 1 + len(data) // 20):
            await response.write(data[i : i + 1 + len(data) // 20])
            if cut and i:
                assert request.transport is not None
                request.transport.abort()
                break
            await asyncio.sleep(0.005 if cut else 2.0)
        return response


@contextlib.contextmanager
def serving(server: FakeServer, port: int = 0) -> Iterator[FakeServer]:
    """Run a server in a thread and set its ``url``."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port, backlog=4096)
        await site.start()
        address = runner.addresses[0]
        server.url = f"http://127.0.0.1:{address[1]}/v1"
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)

    async def stop() -> None:
        await runner.cleanup()
        hanging = asyncio.all_tasks() - {asyncio.current_task()}
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


if __name__ == "__main__":  # PORT and the settings of the server as JSON
    settings = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    with serving(FakeServer(**settings), int(sys.argv[1])) as made:
        print(made.url, flush=True)
        threading.Event().wait()
