"""Who may see the pages, and what a page may do."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["CSP", "Guard"]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page may load: nothing that is not served from here."""


class Guard:
    """Lets in who has the token, under a local name, and says in every answer what a page may do."""

    def __init__(self, app: ASGIApp, token: str, port: int | None) -> None:
        self._app, self._token = app, token
        self._cookie = f"reasonlens-{port or 0}"  # cookies know no ports: two viewers must not share one
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")} if port else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        refused = self._refused(request)
        if refused is not None:
            await refused(scope, receive, _with_headers(send))
            return
        await self._app(scope, receive, _with_headers(send))

    def _refused(self, request: Request) -> Response | None:
        if self._hosts is not None and request.headers.get("host", "") not in self._hosts:
            return PlainTextResponse("This server answers under its local address only.", 421)
        given = request.query_params.get("token")
        if given is not None and hmac.compare_digest(given.encode(), self._token.encode()):
            asked = [pair for pair in request.query_params.multi_items() if pair[0] != "token"]
            response = RedirectResponse(
                "/" + request.url.path.lstrip("/") + ("?" + urlencode(asked) if asked else "")
            )
            response.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return response
        cookie = request.cookies.get(self._cookie, "")
        if not hmac.compare_digest(cookie.encode(), self._token.encode()):
            return PlainTextResponse("Open the address that reasonlens view printed; it holds the key.", 403)
        if request.method not in ("GET", "HEAD"):
            origin = request.headers.get("origin")
            if origin is None or origin.partition("//")[2] != request.headers.get("host"):
                return PlainTextResponse("This page may only be changed from itself.", 403)
        return None


def _with_headers(send: Send) -> Send:
    async def add(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", []),
                (b"content-security-policy", CSP.encode()),
                (b"x-content-type-options", b"nosniff"),
                (b"referrer-policy", b"no-referrer"),
                (b"cache-control", b"no-store"),
            ]
        await send(message)

    return add
