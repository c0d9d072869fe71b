"""The clients that are compared: ours, and the openai package as it is usually used. One process each."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODEL = "fake-judge"
SCHEMA = {
    "type": "object",
    "properties": {"length": {"type": "integer"}},
    "required": ["length"],
    "additionalProperties": False,
}
SHARES = {
    "429": 0.03,
    "500": 0.02,
    "reset": 0.01,
    "hang": 0.005,
    "badjson": 0.01,
    "length": 0.01,
    "schema": 0.01,
}
BROKEN = ("badjson", "length", "schema")


def texts(given: dict[str, Any]) -> list[str]:
    """Return the prompts: duplicates and faults at fixed places, so that every client gets the same."""
    n, distinct = given["n"], given.get("distinct", given["n"])
    made = []
    for i in range(n):
        which, note = i % distinct, ""
        if given.get("faults"):
            at, place = 0.0, (which * 0.6180339887) % 1
            for fault, share in SHARES.items():
                if at <= place < at + share:
                    note = f"[{fault}]"
                at += share
        made.append(f"{note} item {which} " + "x" * given["size"])
    return made


def processor() -> float:
    """Return the processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def reasonlens(given: dict[str, Any]) -> dict[str, Any]:
    """Ask through `reasonlens.calls`, with a journal that survives power cuts."""
    from reasonlens.calls import Endpoint, Request, Sampling
    from reasonlens.calls.ask import Limits, ask
    from reasonlens.calls.journal import Journal

    def length(value: Any) -> int:
        if not isinstance(value, dict) or not isinstance(value.get("length"), int):
            raise ValueError("no length")
        return int(value["length"])

    requests = [Request((("user", text),), SCHEMA) for text in texts(given)]
    limits = Limits(concurrency=given["concurrency"], timeout=given.get("timeout", 120.0))
    with tempfile.TemporaryDirectory() as folder:
        path = given.get("journal") or Path(folder) / "journal.sqlite"
        with Journal(path) as journal:
            list(ask(requests[:1], Endpoint(given["url"], MODEL), Sampling(), journal, parse=length))
            begun, used = time.perf_counter(), processor()
            where = Endpoint(given["url"], MODEL)
            found = [a for _, a in ask(requests, where, Sampling(), journal, parse=length, limits=limits)]
            report = measured(begun, used, len(requests))
    states = [a.state for a in found]
    return {**report, "ok": states.count("ok"), "accounted": len(states), "broken": broken(given)}


def broken(given: dict[str, Any]) -> int:
    """Return how many answers the server breaks: each of them is billed and asked for again."""
    return sum(any(f"[{fault}]" in text for fault in BROKEN) for text in set(texts(given)))


def measured(begun: float, used: float, n: int) -> dict[str, Any]:
    """Return seconds, answers a second, processor milliseconds for each, and peak memory."""
    seconds = time.perf_counter() - begun
    return {
        "seconds": seconds,
        "per_second": round(n / seconds, 1),
        "cpu_ms": 1000 * (processor() - used) / n,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


def openai_client(given: dict[str, Any], *, parse: bool) -> dict[str, Any]:
    """Ask through ``AsyncOpenAI``: one task for each item under a semaphore, retries by the package."""
    import openai
    import pydantic

    class Measure(pydantic.BaseModel):
        length: int

    form = {"type": "json_schema", "json_schema": {"name": "Measure", "schema": SCHEMA, "strict": True}}

    async def main() -> dict[str, Any]:
        client = openai.AsyncOpenAI(
            base_url=given["url"], api_key="none", max_retries=6, timeout=given.get("timeout", 600.0)
        )
        gate = asyncio.Semaphore(given["concurrency"])

        async def one(text: str) -> bool:
            messages: Any = [{"role": "user", "content": text}]
            async with gate:
                try:
                    if parse:
                        reply: Any = await client.chat.completions.parse(
                            model=MODEL, messages=messages, response_format=Measure, temperature=0, seed=0
                        )
                        return reply.choices[0].message.parsed is not None
                    reply = await client.chat.completions.create(
                        model=MODEL, messages=messages, response_format=form, temperature=0, seed=0
                    )
                    return isinstance(json.loads(reply.choices[0].message.content)["length"], int)
                except (openai.OpenAIError, ValueError, KeyError):
                    return False

        asked = texts(given)
        await one("warm")
        begun, used = time.perf_counter(), processor()
        got = await asyncio.gather(*(one(text) for text in asked))
        report = measured(begun, used, len(asked))
        return {**report, "ok": sum(got), "accounted": len(got), "broken": broken(given)}

    return asyncio.run(main())


def bare(given: dict[str, Any]) -> dict[str, Any]:
    """Ask with aiohttp alone: no journal, no retries, no check of the answer."""
    import aiohttp
    import orjson

    form = {"type": "json_schema", "json_schema": {"name": "Measure", "schema": SCHEMA, "strict": True}}

    async def main() -> dict[str, Any]:
        connector = aiohttp.TCPConnector(limit=given["concurrency"])
        headers = {"Content-Type": "application/json"}
        async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
            waiting = iter(texts(given))

            async def worker() -> int:
                done = 0
                for text in waiting:
                    body = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
                    body |= {"response_format": form, "temperature": 0, "seed": 0}
                    async with session.post(
                        f"{given['url']}/chat/completions", data=orjson.dumps(body)
                    ) as reply:
                        read = orjson.loads(await reply.read())
                    done += isinstance(orjson.loads(read["choices"][0]["message"]["content"])["length"], int)
                return done

            begun, used = time.perf_counter(), processor()
            got = await asyncio.gather(*(worker() for _ in range(given["concurrency"])))
            return {**measured(begun, used, given["n"]), "ok": sum(got), "accounted": given["n"]}

    return asyncio.run(main())


def writer(given: dict[str, Any]) -> dict[str, Any]:
    """Write rows for ever, and print how many are acknowledged."""
    from reasonlens.calls.journal import Journal, Stored

    journal = Journal(given["journal"])
    n = 0
    while True:
        group = [
            journal.put(f"{i:064x}", Stored(0, 200, b'{"verdict": "present"}' * 20, 0.01, "m", 1.0))
            for i in range(n, n + 8)
        ]
        for future in group:
            future.result()
        n += 8
        print(n, flush=True)


def fill(given: dict[str, Any]) -> dict[str, Any]:
    """Fill a journal with answers of about a kilobyte."""
    from reasonlens.calls.journal import Journal, Stored

    with Journal(given["journal"]) as journal:
        last = None
        for i in range(given["n"]):
            body = json.dumps({"n": i, "text": "quote " * 150}).encode()
            last = journal.put(f"{i:064x}", Stored(0, 200, body, 0.01, "m", 1.0))
        assert last is not None
        last.result()
    return {}


def keys(given: dict[str, Any]) -> dict[str, Any]:
    """Open a journal and see what it holds."""
    from reasonlens.calls.journal import Journal

    begun = time.perf_counter()
    with Journal(given["journal"]) as journal:
        known = journal.keys()
        return {"keys": len(known), "seconds": round(time.perf_counter() - begun, 3)}


CLIENTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "reasonlens": reasonlens,
    "aiohttp": bare,
    "openai create": lambda given: openai_client(given, parse=False),
    "openai parse": lambda given: openai_client(given, parse=True),
    "writer": writer,
    "fill": fill,
    "keys": keys,
}

if __name__ == "__main__":
    print(json.dumps(CLIENTS[sys.argv[1]](json.loads(sys.argv[2]))))
