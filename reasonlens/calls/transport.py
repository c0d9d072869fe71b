"""Bytes out, bytes in: one client with kept connections, a deadline, a size limit and no redirects."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

import aiohttp

from reasonlens.calls import Endpoint
from reasonlens.calls.keys import check_address, redacted

__all__ = ["LARGEST", "Reply", "Transport", "TransportError"]

LARGEST = 8 * 2**20
"""Bytes of an answer, unpacked, at most."""

_CHUNK = 64 * 1024


class TransportError(Exception):
    """No usable reply: may asking `again` help, may this one be `billed` although it never came, and was
    there nobody to ask (`absent`)?"""

    def __init__(self, why: str, *, again: bool, billed: bool = False, absent: bool = False) -> None:
        super().__init__(why)
        self.again, self.billed, self.absent = again, billed, absent


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and body of an answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Posts JSON to one server.

    Parameters
    ----------
    endpoint
        The server.
    key
        Sent as bearer token, if there is one.
    connections
        How many at once.
    timeout
        Seconds for a whole call.
    """

    def __init__(self, endpoint: Endpoint, key: str | None, *, connections: int, timeout: float) -> None:
        check_address(endpoint.base_url, insecure=endpoint.insecure)
        self._base, self._key, self._timeout = endpoint.base_url.rstrip("/"), key, timeout
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate", **endpoint.headers}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=connections, ttl_dns_cache=300),
            timeout=aiohttp.ClientTimeout(total=timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            raise_for_status=False,
        )

    async def __aenter__(self) -> Transport:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, path: str, body: bytes) -> Reply:
        """Post `body` and return the reply, whatever its status.

        Raises
        ------
        TransportError
            If there is no reply in time, or it is too large or a redirect.
        """
        return await self._send("POST", path, body)

    async def get(self, path: str) -> Reply:
        """Get `path`; see `post`. With ``..`` in front, a path beside the base address."""
        return await self._send("GET", path, None)

    async def _send(self, method: str, path: str, body: bytes | None) -> Reply:
        address = self._base + path
        if path.startswith("/../"):
            address = self._base.rsplit("/", 1)[0] + path.removeprefix("/..")
        try:
            async with self._session.request(method, address, data=body, allow_redirects=False) as response:
                if 300 <= response.status < 400:
                    raise TransportError(
                        f"the server redirects (status {response.status}); name its final address",
                        again=False,
                    )
                data = bytearray()
                async for chunk in response.content.iter_chunked(_CHUNK):
                    data += chunk
                    if len(data) > LARGEST:
                        raise TransportError(
                            f"the answer is larger than {LARGEST // 2**20} MiB", again=False, billed=True
                        )
                return Reply(response.status, dict(response.headers), bytes(data))
        except (aiohttp.ClientSSLError, ssl.SSLError) as error:
            why = redacted(str(error), self._key)
            raise TransportError(f"no trusted connection: {why}", again=False) from None
        except TimeoutError:
            raise TransportError(f"no answer within {self._timeout:g} s", again=True, billed=True) from None
        except aiohttp.ClientConnectorError as error:
            number, said = error.os_error.errno, error.os_error.strerror or str(error.os_error)
            why = os.strerror(number) if number and number > 0 else said  # below 0: names of hosts
            where = f"{error.host}:{error.port}"
            why = f"no connection to {where} ({why}): is it running?"
            raise TransportError(why, again=True, absent=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            why = redacted(f"{type(error).__name__}: {error}", self._key)
            raise TransportError(why, again=True) from None
