"""What a call costs: a dated table that a user may replace."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from reasonlens.calls import Endpoint
from reasonlens.calls.keys import is_local
from reasonlens.core.errors import DefinitionError

__all__ = ["Price", "Prices", "load"]

_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `batch` is the share that the Batch API costs."""

    input: float
    cached: float
    output: float
    batch: float = 1.0

    @property
    def free(self) -> bool:
        """Whether calls cost nothing."""
        return not (self.input or self.cached or self.output)

    def of(self, prompt: int, completion: int, cached: int = 0, *, batch: bool = False) -> float:
        """Return the price of a call with so many tokens.

        Examples
        --------
        >>> Price(2.5, 1.25, 10.0, 0.5).of(1_000_000, 100_000, 200_000)
        3.25
        """
        fresh = (prompt - cached) * self.input + cached * self.cached + completion * self.output
        return fresh * (self.batch if batch else 1.0) / _MILLION


@dataclass(frozen=True, slots=True)
class Prices:
    """The table, with its date and source."""

    date: str
    source: str
    models: dict[str, Price]

    def of(self, endpoint: Endpoint) -> Price | None:
        """Return the price of a model, ``None`` if it is not known.

        A model that is not in the table costs nothing on a server of one's own; one that is keeps its
        price there, because a server on this machine may pass calls on to one that is paid.
        """
        if endpoint.model in self.models:
            return self.models[endpoint.model]
        return Price(0.0, 0.0, 0.0) if is_local(endpoint.base_url) else None


def load(path: Path | None = None) -> Prices:
    """Return the prices of a file, or those of the package.

    Raises
    ------
    DefinitionError
        If the file is no price table.
    """
    name = str(path) if path else "prices.toml"
    try:
        text = path.read_text("utf-8") if path else (files("reasonlens.calls") / name).read_text("utf-8")
        read = tomllib.loads(text)
        models = {
            model: Price(
                float(entry["input"]),
                float(entry.get("cached", entry["input"])),
                float(entry["output"]),
                float(entry.get("batch", 1.0)),
            )
            for entry in read["model"]
            for model in entry["names"]
        }
        return Prices(str(read["date"]), str(read.get("source", name)), models)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DefinitionError(
            f"{name} is no price table ({type(error).__name__}: {error}); it needs a date and [[model]] "
            "entries with names, input and output in dollars per million tokens"
        ) from None
