"""Where a number came from: versions, digests, arguments and seed, kept beside each table."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from typing import Any

__all__ = ["digest_of", "manifest", "version"]

_PACKAGES = ("numpy", "pyarrow", "pandas", "scipy")


def version(package: str = "reasonlens") -> str:
    """Return the installed version of `package`, or ``"unknown"``."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def digest_of(value: object, size: int = 8) -> str:
    """Return a hex digest (BLAKE2b, `size` bytes) of a JSON-serialisable `value`."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


def manifest(**details: Any) -> dict[str, Any]:
    """Return what a table must say of its own making, plus `details`."""
    return {
        "reasonlens": version(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        **details,
    }
