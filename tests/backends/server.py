"""A small OpenAI-compatible server on this machine, with a made-up model and habits that a test chooses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reasonlens.backends import GenerationRequest, SamplingParams
from reasonlens.backends.fake import FakeBackend
from tests.backends.stub_ban import StubBan

LETTERS = {7: " seven", 8: " eight"}


@dataclass
class Habits:
    """What the server obeys, how it fails, and what it was asked."""

    owner: str = "vllm"
    obeys: tuple[str, ...] = ("processor", "bad_words", "logit_bias")
    refuses: tuple[str, ...] = ()
    key: str | None = None
    model: str = "made-up"
    reasoning: bool = False
    finish: str | None = None
    fail: dict[str, int] = field(default_factory=dict)
    bodies: list[dict[str, Any]] = field(default_factory=list)


def answer(habits: Habits, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return status and content for one body."""
    for name in habits.refuses:
        if name in body:
            return 400, error(f"Extra inputs are not permitted: {name}")
    prompt = body.get("prompt") or "\n".join(turn["content"] for turn in body["messages"])
    for sign, status in habits.fail.items():
        if sign in prompt:
            return status, error(f"cannot do {sign}")
    banned: list[str] = []
    if "processor" in habits.obeys and "vllm_xargs" in body:
        try:
            banned = json.loads(body["vllm_xargs"]["reasonlens_ban"])["words"]
        except (ValueError, TypeError, KeyError):
            return 400, error("reasonlens_ban is no ban")
    if "bad_words" in habits.obeys:
        banned += body.get("bad_words", [])
    ban = StubBan(tuple(banned)) if banned else None
    sampling = SamplingParams(
        body["temperature"], body["top_p"], max_tokens=body["max_tokens"], stop=tuple(body.get("stop", ()))
    )
    request = GenerationRequest("-", prompt, body.get("seed", 0), ban)
    (made,) = FakeBackend("made-up").generate([request], sampling)
    text, finish = made.text, habits.finish or made.finish
    if body["max_tokens"] == 1:
        text = " two" if "four" in banned else " four"
        if "logit_bias" in habits.obeys:
            text = next((LETTERS[int(i)] for i, b in body.get("logit_bias", {}).items() if b > 0), text)
    usage = {"prompt_tokens": 3, "completion_tokens": made.n_tokens, "total_tokens": 3}
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish, "logprobs": None}
    if "messages" in body:
        message = {"role": "assistant", "content": text}
        if habits.reasoning:
            thought, _, said = text.partition("</think>")
            message = {"role": "assistant", "content": said.strip(), "reasoning": thought[8:].strip()}
        choice["message"] = message
        if body.get("logprobs"):
            tops = [
                {"token": "a", "logprob": -0.5, "bytes": None},
                {"token": "b", "logprob": -1.5, "bytes": None},
            ]
            step = {
                "token": "a",
                "logprob": -0.5,
                "bytes": None,
                "top_logprobs": tops[: body["top_logprobs"]],
            }
            choice["logprobs"] = {"content": [step, step], "refusal": None}
    else:
        choice["text"] = text
        if body.get("logprobs"):
            step = {"a": -0.5, "b": -1.5, "c": -9.0}
            choice["logprobs"] = {"tokens": ["c", "a"], "token_logprobs": [-9.0, -0.5], "text_offset": [0, 1]}
            choice["logprobs"]["top_logprobs"] = [step, {"a": -0.5, "b": -1.5}]
    kind = "chat.completion" if "messages" in body else "text_completion"
    whole = {"id": "1", "object": kind, "created": 1, "model": habits.model}
    return 200, {**whole, "choices": [choice], "usage": usage}


def error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


@contextmanager
def serving(habits: Habits) -> Iterator[str]:
    """Yield the address of a server with these habits."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self, status: int, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def allowed(self) -> bool:
            if habits.key is None or self.headers["Authorization"] == f"Bearer {habits.key}":
                return True
            self.reply(401, error("no such key"))
            return False

        def do_GET(self) -> None:
            if self.allowed():
                model = {"id": habits.model, "object": "model", "created": 1, "owned_by": habits.owner}
                self.reply(200, {"object": "list", "data": [model]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.allowed():
                habits.bodies.append(body)
                self.reply(*answer(habits, body))

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
