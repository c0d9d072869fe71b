"""Inputs on other filesystems (``s3://``, ``gs://``, ...): listed, looked at, and fetched through fsspec.

An object, or a piece of it (`reasonlens.readers._ranges`), is fetched by the worker that reads it, into a
folder that is removed afterwards, so that the readers see a local file. What tells an object from another
version of it is its size and what the filesystem says of its content (an ETag, a checksum, or else the time
it was written), never its bytes.
"""

from __future__ import annotations

import glob
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from reasonlens.core.errors import FetchError, InputError, MissingExtraError
from reasonlens.readers._open import Remote, Source

__all__ = ["HEAD", "fetched", "head_of", "is_url", "listed", "patiently", "placed", "remote_of", "unchanged"]

HEAD = 4 * 2**20
"""How many bytes of an object are read to tell its format."""

_STAMPS = ("ETag", "etag", "md5Hash", "crc32c", "checksum", "LastModified", "last_modified", "updated")
_TIMES = ("mtime", "modified", "created")
_PACKAGES = {
    **dict.fromkeys(("s3", "s3a"), "s3fs"),
    **dict.fromkeys(("gs", "gcs"), "gcsfs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "adlfs"),
    **dict.fromkeys(("http", "https"), "aiohttp"),
    **dict.fromkeys(("sftp", "ssh"), "paramiko"),
    "hf": "huggingface_hub",
}
_PAUSES = (1.0, 5.0)  # seconds before a request is made again
_FINAL = (FileNotFoundError, PermissionError, NotImplementedError)  # another try would say the same
_SECRET = re.compile(r"(?<=://)[^/@]*@")


def is_url(name: str | Path) -> bool:
    """Tell whether a name is for fsspec."""
    return isinstance(name, str) and "://" in name


def listed(url: str) -> list[Source]:
    """Return the objects that a URL stands for: itself, what it matches, or what is under it.

    Raises
    ------
    MissingExtraError
        If fsspec is not installed.
    InputError
        If the package of the protocol is not installed, or nothing is there.
    """
    files, path = _opened(url)
    web = url.startswith(("http://", "https://"))  # where a question mark begins a query
    try:
        if glob.has_magic(url.partition("?")[0] if web else url):
            found = [info for info in files.glob(path, detail=True).values() if info["type"] == "file"]
            if not found:
                raise InputError(f"nothing matches {url!r}; check the folder and the suffix")
        else:
            info = files.info(path)
            found = [info] if info["type"] == "file" else _under(files, path, url)
    except FileNotFoundError as error:
        raise InputError(f"{_shown(url)} does not exist; check the spelling and the bucket") from error
    except InputError:
        raise
    except Exception as error:  # each filesystem has errors of its own
        raise InputError(f"{_shown(url)} cannot be listed ({_said(error)})") from error
    whole = url if web else ""
    return [_source(files, info, whole) for info in sorted(found, key=lambda info: str(info["name"]))]


def _under(files: Any, path: str, url: str) -> list[Any]:
    from reasonlens.readers._inputs import looks_readable

    root = PurePosixPath(path)
    below = [
        info
        for name, info in files.find(path, detail=True).items()
        if looks_readable(PurePosixPath(name).relative_to(root))
    ]
    if not below:
        raise InputError(
            f"{_shown(url)} holds no file that looks like model outputs; name them: '{_shown(url)}/*'"
        )
    return below


def _opened(url: str) -> tuple[Any, str]:
    try:
        import fsspec.core
    except ImportError as error:
        raise MissingExtraError("fsspec", "remote", f"reading {_shown(url)}") from error
    protocol = url.partition("://")[0].rpartition("::")[2]
    try:
        files, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        package = _PACKAGES.get(protocol)
        how = f"pip install {package}" if package else str(error)
        raise InputError(f"reading {_shown(url)} needs the package of {protocol}:// too: {how}") from error
    except ValueError as error:
        raise InputError(f"{_shown(url)}: no filesystem is known as {protocol}:// ({error})") from error
    except Exception as error:  # a filesystem may connect at once
        raise InputError(f"{_shown(url)} cannot be opened ({_said(error)})") from error
    return files, path


def _source(files: Any, info: Any, url: str) -> Source:
    where = url or files.unstrip_protocol(info["name"])
    if not any(info.get(name) for name in _STAMPS):  # a listing may say less than the object does
        info = files.info(info["name"])
    size = int(info.get("size") or 0)
    if not size:
        raise InputError(
            f"{_shown(where)} is empty, or its size is not told; was the run that wrote it stopped early?"
        )
    name = _shown(where)
    # of a web server, fsspec says whether it gives ranges
    ranges = bool(info.get("partial")) if where.startswith(("http://", "https://")) else True
    return Source(Path(PurePosixPath(name).name), None, name, Remote(where, size, _stamp(info), ranges))


def _stamp(info: Any) -> str:
    """Return what tells this version of an object; an empty text if the filesystem says nothing."""
    known = next((str(info[name]) for name in (*_STAMPS, *_TIMES) if info.get(name)), "")
    return known.strip('"')


def _shown(url: str) -> str:
    """Return a URL without what lets one in: a user and a password, or a signed query."""
    bare = _SECRET.sub("", url)
    return bare.partition("?")[0] if bare.startswith("http") else bare


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"


def patiently(request: Callable[[], Any]) -> Any:
    """Return what `request` does, which may fail twice for reasons that pass."""
    for pause in _PAUSES:
        try:
            return request()
        except _FINAL:
            raise
        except Exception:  # each filesystem has errors of its own
            time.sleep(pause)
    return request()


@contextmanager
def head_of(source: Source) -> Iterator[Source]:
    """Yield `source` with the first `HEAD` bytes of it on this disk while the block runs."""
    remote = remote_of(source)
    files, path = _opened(remote.url)
    with placed(source) as local:
        try:
            local.write_bytes(patiently(lambda: files.cat_file(path, start=0, end=min(HEAD, remote.size))))
        except Exception as error:  # each filesystem has errors of its own
            raise InputError(f"{source} cannot be read ({_said(error)})") from error
        yield replace(source, path=local)


@contextmanager
def fetched(source: Source) -> Iterator[Source]:
    """Yield `source` with its content on this disk while the block runs; a local one as it is.

    Raises
    ------
    InputError
        If the object cannot be fetched, or is not what was listed.
    """
    if source.remote is None:
        yield source
        return
    with placed(source) as local:
        with unchanged(source) as (files, path):
            patiently(lambda: files.get_file(path, str(local)))
        if local.stat().st_size != source.remote.size:
            raise InputError(f"{source} changed while it was read; run the command again")
        yield replace(source, path=local)


@contextmanager
def unchanged(source: Source) -> Iterator[tuple[Any, str]]:
    """Yield the filesystem and the path of an object, which is read in the block.

    Raises
    ------
    FetchError
        If it cannot be read.
    InputError
        If it is not what was listed, before the block or after it.
    """
    remote = remote_of(source)
    files, path = _opened(remote.url)
    try:
        _check(files, path, source)
        yield files, path
        _check(files, path, source)
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{source} is gone since it was listed; run the command again") from error
    except Exception as error:  # each filesystem has errors of its own
        raise FetchError(
            f"{source} cannot be fetched ({_said(error)}); what is done is kept, run the command again"
        ) from error


def _check(files: Any, path: str, source: Source) -> None:
    files.invalidate_cache()
    if _stamp(patiently(lambda: files.info(path))) != remote_of(source).stamp:
        raise InputError(f"{source} changed while it was read; run the command again")


def remote_of(source: Source) -> Remote:
    """Return where an object is."""
    if source.remote is None:
        raise InputError(f"{source} is no URL")
    return source.remote


@contextmanager
def placed(source: Source) -> Iterator[Path]:
    """Yield a path that ends as the URL does: readers take names of models and tasks from it."""
    with tempfile.TemporaryDirectory(prefix="reasonlens-") as folder:
        *_, above, name = ("", *PurePosixPath(source.name.partition("://")[2]).parts)
        path = Path(folder) / (above.replace(":", "_").strip("/.") or "object") / name
        path.parent.mkdir()
        yield path
