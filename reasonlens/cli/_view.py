"""What ``reasonlens view`` does once it is called."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from pathlib import Path

import click

from reasonlens.cli._print import plain
from reasonlens.cli._progress import working
from reasonlens.core.errors import InputError, MissingExtraError
from reasonlens.core.study import Study

__all__ = ["serve"]

_LOCAL = "127.0.0.1"


def serve(path: Path, port: int | None, *, browser: bool) -> None:
    """Serve a study on this machine until Ctrl-C."""
    try:
        import uvicorn

        from reasonlens.view.app import make_app
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "starlette", "view", "reasonlens view") from error
    study = Study(path)
    with _listen(port) as listening:
        address = listening.getsockname()[1]
        token = secrets.token_urlsafe(24)
        with working(f"reading what {plain(str(path))} holds"):
            app = make_app(study, token, address)
        url = f"http://{_LOCAL}:{address}/?token={token}"
        click.echo(f"{plain(str(path))} is open at {url}\nCtrl-C stops it.")
        if browser:
            webbrowser.open(url)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])


def _listen(port: int | None) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_LOCAL, port or 0))
        listening.listen()  # a browser may come before the server is up
    except OSError as error:
        listening.close()
        raise InputError(f"port {port} is in use; name another, or leave --port out") from error
    return listening
