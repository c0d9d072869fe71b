"""Connections: trusted, kept, and to one server only."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from reasonlens.calls import Endpoint
from reasonlens.calls.transport import Transport, TransportError
from reasonlens.core.errors import InputError
from tests.calls.fake_server import FakeServer

BODY = b'{"model": "m", "messages": [{"role": "user", "content": "text"}]}'


def certificate(folder: Path) -> ssl.SSLContext:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made, *names],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = certificate(tmp_path)

    async def run() -> TransportError:
        runner = web.AppRunner(FakeServer().app(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        endpoint = Endpoint(f"https://127.0.0.1:{runner.addresses[0][1]}/v1", "m")
        try:
            async with Transport(endpoint, None, connections=1, timeout=5.0) as transport:
                with pytest.raises(TransportError, match="no trusted connection: ") as error:
                    await transport.post("/chat/completions", BODY)
            return error.value
        finally:
            await runner.cleanup()

    assert asyncio.run(run()).again is False


def test_connections_are_kept(server: FakeServer) -> None:
    async def run() -> int:
        async with Transport(Endpoint(server.url, "m"), None, connections=1, timeout=5.0) as transport:
            replies = [await transport.post("/chat/completions", BODY) for _ in range(5)]
        return sum(reply.status == 200 for reply in replies)

    assert asyncio.run(run()) == 5
    assert len(server.peers) == 1


def test_an_unencrypted_address_needs_leave() -> None:
    async def run(*, insecure: bool) -> None:
        endpoint = Endpoint("http://example.org/v1", "m", insecure=insecure)
        async with Transport(endpoint, "sk-key", connections=1, timeout=5.0):
            pass

    asyncio.run(run(insecure=True))
    with pytest.raises(InputError, match="is not encrypted"):
        asyncio.run(run(insecure=False))


def test_headers_of_an_endpoint_are_not_shown() -> None:
    assert "secret" not in repr(Endpoint(headers={"api-key": "secret"}))


def test_a_server_that_does_not_run_is_named() -> None:
    why = r"no connection to 127\.0\.0\.1:9 \(Connection refused\): is it running\?"

    async def run() -> TransportError:
        endpoint = Endpoint("http://127.0.0.1:9/v1", "m")
        async with Transport(endpoint, None, connections=1, timeout=5.0) as transport:
            with pytest.raises(TransportError, match=why) as error:
                await transport.post("/chat/completions", BODY)
        return error.value

    assert asyncio.run(run()).again is True
