"""Every error that a user can cause or cure.

::

    ReasonlensError
    ├── InputError            a file or an argument cannot be used as given
    │   ├── FetchError        an input on another filesystem could not be fetched; another try may do it
    │   └── SchemaError       a table lacks a column or has one of another type
    ├── DefinitionError       a lexicon, codebook or other definition file has a mistake
    ├── UnknownNameError      no definition, plug-in or column has this name
    ├── MissingExtraError     an optional package is not installed
    ├── BackendError          a model or server did not do what was asked
    └── StatisticsError       a quantity is not defined for these data

A message says what is wrong, where, and what to do next. Only ``reasonlens.cli`` turns an
error into an exit code.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BackendError",
    "DefinitionError",
    "FetchError",
    "InputError",
    "MissingExtraError",
    "ReasonlensError",
    "SchemaError",
    "StatisticsError",
    "UnknownNameError",
    "first_line",
]


class ReasonlensError(Exception):
    """Base of all errors that reasonlens raises on purpose."""


class InputError(ReasonlensError):
    """A file or an argument cannot be used as given."""


class FetchError(InputError):
    """An input on another filesystem could not be fetched; another try may do it."""


class SchemaError(InputError):
    """A table lacks a column or holds one of another type."""


class DefinitionError(ReasonlensError):
    """A definition file (lexicon, codebook) has a mistake."""


class UnknownNameError(ReasonlensError):
    """Nothing of this kind has this name; the message lists what has.

    Parameters
    ----------
    kind
        What was looked for, in the singular ("lexicon").
    name
        The name that was given.
    known
        The names that exist.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        close = difflib.get_close_matches(name, self.known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        listed = ", ".join(self.known) or "none"
        super().__init__(f"no {kind} is named {name!r}.{hint} Known: {listed}.")


class MissingExtraError(ReasonlensError):
    """An optional package is not installed; the message has the install line.

    Parameters
    ----------
    package
        The package that could not be imported.
    extra
        The extra of reasonlens that brings it.
    purpose
        What it is needed for.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package, self.extra, self.purpose = package, extra, purpose
        super().__init__(f"{purpose} needs the package {package!r}: pip install 'reasonlens[{extra}]'")


class BackendError(ReasonlensError):
    """A model or a server did not do what was asked."""


class StatisticsError(ReasonlensError):
    """A quantity is not defined for these data."""


def first_line(error: BaseException) -> str:
    """Return the first line of another library's message, to be quoted within a sentence."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
