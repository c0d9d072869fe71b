"""Connecting to a Ray cluster, or starting one on this machine."""

from __future__ import annotations

import os
import socket
from typing import Any

from reasonlens.core.errors import InputError, MissingExtraError, first_line

__all__ = ["connected"]

_PATIENCE = 10.0  # seconds
_STORE = 200 * 2**20  # bytes of a store of our own: results are small


def connected(address: str | None, option: str) -> Any:
    """Return the module ``ray``, connected.

    Parameters
    ----------
    address
        ``auto`` or the address of a cluster; ``None`` or ``local`` starts one on this machine.
    option
        What the user names an address with.

    Raises
    ------
    MissingExtraError
        If Ray is not installed.
    InputError
        If there is no cluster at this address.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray", "a Ray cluster") from error
    here = address in (None, "local")
    own = {"include_dashboard": False, "object_store_memory": _STORE} if here else {}
    try:
        _answers(address)
        _begin(ray, {"address": address, "log_to_driver": False, "logging_level": "ERROR", **own})
    except (OSError, RuntimeError, ValueError) as error:
        why = first_line(error)
        if "Failed to connect" in why and "RAY_AUTH_MODE" not in os.environ:
            why += "; if it asks for a token: export RAY_AUTH_MODE=token"
        raise InputError(
            f"no Ray cluster answers at {'this machine' if here else address} ({why}); start one with "
            f"`ray start --head` and name it with {option}"
        ) from error
    return ray


def _answers(address: str | None) -> None:
    """Raise OSError if nobody listens at HOST:PORT: Ray itself would wait for minutes."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit() and "//" not in host:
        socket.create_connection((host, int(port)), timeout=_PATIENCE).close()


def _begin(ray: Any, options: dict[str, Any]) -> None:
    """Start Ray or join it; its own processes have 30 seconds, too few on a machine that has other work."""
    for last in (False, False, True):
        try:
            ray.init(**options)
            return
        except Exception as error:  # Ray has no class for this one
            if "timed out during startup" not in str(error):
                raise
            if last:
                raise RuntimeError(str(error)) from error
            ray.shutdown()
