"""What ``reasonlens judge`` does once it is called."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from reasonlens.calls import Endpoint
from reasonlens.calls.doctor import examine
from reasonlens.cli._print import plain, show_table

__all__ = ["examine_and_print"]

_NEEDED = {"answers", "has the model", "keeps to a JSON schema", "keeps the head of a long prompt"}
_MARKS = {True: "yes", False: "NO", None: "?"}


def examine_and_print(url: str, model: str | None, key_env: str, longest: int) -> None:
    """Print what a server can do; exit with 1 if something that a judge needs is missing."""
    endpoint = Endpoint(base_url=url.rstrip("/"), key_env=key_env)
    endpoint = replace(endpoint, model=model or first_model(endpoint))
    found = examine(endpoint, longest=longest)
    show_table([[f.what, _MARKS[f.good], plain(f.detail)] for f in found], ["", "", "detail"], url, 3)
    missing = [f.what for f in found if f.good is False and f.what in _NEEDED]
    if "keeps to a JSON schema" in missing:
        click.echo("Without schemas, ask for JSON in words: reasonlens behaviors ... --json-in-text")
    if missing:
        unfit = "It gives no answer." if "answers" in missing else f"Not fit as it is: {', '.join(missing)}."
        click.echo(unfit)
        sys.exit(1)
    click.echo(
        f"Fit to judge: reasonlens behaviors STUDY --judge llm --base-url {url} --model {endpoint.model}"
    )


def first_model(endpoint: Endpoint) -> str:
    """Return the first model that a server lists, or the usual one if it lists none."""
    import asyncio

    import orjson

    from reasonlens.calls.keys import api_key
    from reasonlens.calls.transport import Transport, TransportError

    async def models() -> bytes:
        async with Transport(endpoint, api_key(endpoint), connections=1, timeout=30.0) as transport:
            return (await transport.get("/models")).body

    try:
        return str(orjson.loads(asyncio.run(models()))["data"][0]["id"])
    except (TransportError, ValueError, KeyError, IndexError, TypeError):
        return endpoint.model
