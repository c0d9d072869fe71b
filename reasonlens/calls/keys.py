"""The API key: from the environment only, checked, and never shown."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from reasonlens.calls import Endpoint
from reasonlens.core.errors import InputError

__all__ = ["api_key", "check_address", "is_local", "redacted"]

_PRINTABLE = re.compile(r"[!-~]+")
_SECRET = re.compile(r"(sk-[A-Za-z0-9_-]{6})[A-Za-z0-9_-]+|(?i:(bearer\s+))[^\s\"',}]+")


def api_key(endpoint: Endpoint, environment: Mapping[str, str] | None = None) -> str | None:
    """Return the key for a server, or ``None`` where a local server needs none.

    Raises
    ------
    InputError
        If the address is none, a key is needed and missing, or it holds characters that no key has. The
        message does not show it.
    """
    check_address(endpoint.base_url, insecure=endpoint.insecure)
    given = (os.environ if environment is None else environment).get(endpoint.key_env)
    if not given:
        if is_local(endpoint.base_url):
            return None
        raise InputError(
            f"{endpoint.base_url} needs a key: set the environment variable {endpoint.key_env}, "
            "or name a server of your own with --base-url"
        )
    key = given.strip()
    if key != given:
        warnings.warn(f"white space around the key in {endpoint.key_env} was ignored", stacklevel=2)
    if not _PRINTABLE.fullmatch(key):
        raise InputError(f"the key in {endpoint.key_env} has characters that no key has; copy it again")
    return key


def is_local(address: str) -> bool:
    """Tell whether an address is of this machine or a private network."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def check_address(address: str, *, insecure: bool = False) -> None:
    """Refuse an address that could leak a key or a trace.

    Raises
    ------
    InputError
        If it has a user name, a query, another scheme, or is unencrypted and not local.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(
            f"{redacted(address)} is no address of a server; it looks like http://127.0.0.1:8000/v1"
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputError(
            f"the address of {parts.hostname} holds a user name, a password or a query; "
            "keys belong in the environment (--key-env)"
        )
    if parts.scheme == "http" and not insecure and not is_local(address):
        raise InputError(
            f"{address} is not encrypted; use https, or a server on this machine or a private network "
            "(--insecure-http allows it)"
        )


def redacted(text: str, key: str | None = None) -> str:
    """Return `text` without the key and without anything that looks like one."""
    if key:
        text = text.replace(key, "[key]")
    return _SECRET.sub(lambda m: f"{m.group(1) or m.group(2)}[key]", text)
