"""Prompt templates: how a problem is put to a model. Each is one file in ``templates/``.

A file has a ``title``, a ``source``, and either ``text`` (the whole prompt, as the model reads it)
or ``chat = true`` with ``user`` (and perhaps ``system``), for which the model's own tokenizer, or the
server, has the template. ``{problem}`` stands for the problem; nothing else is replaced. ``stop``
are texts that end a response; ``keep_stop`` leaves them in it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reasonlens.core.errors import DefinitionError, InputError, UnknownNameError
from reasonlens.core.manifest import digest_of

__all__ = ["Prompt", "Template", "load", "names"]

_FOLDER = Path(__file__).parent / "templates"
_HOLE = "{problem}"
_KNOWN = {"title", "source", "text", "chat", "user", "system", "stop", "keep_stop"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt: the text, and the messages where the chat template is not ours to apply."""

    text: str
    messages: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """How a problem is put to a model (see the module documentation)."""

    name: str
    title: str
    source: str
    digest: str
    text: str | None = None
    system: str | None = None
    user: str | None = None
    stop: tuple[str, ...] = ()
    keep_stop: bool = False

    @property
    def is_chat(self) -> bool:
        """Whether a tokenizer or server has the rest of the template."""
        return self.text is None

    def messages(self, problem: str) -> tuple[tuple[str, str], ...]:
        """Return the turns (role, content) of a chat template."""
        turns = (("system", self.system), ("user", self.user))
        return tuple((role, text.replace(_HOLE, problem)) for role, text in turns if text is not None)

    def render(self, problem: str, tokenizer: Any | None = None) -> Prompt:
        """Return the prompt for one problem.

        Parameters
        ----------
        problem
            The statement.
        tokenizer
            The model's tokenizer, for a chat template; without one the messages are given instead.

        Raises
        ------
        InputError
            If the tokenizer has no chat template.
        """
        if self.text is not None:
            return Prompt(self.text.replace(_HOLE, problem))
        turns = self.messages(problem)
        if tokenizer is None:
            return Prompt("\n\n".join(text for _, text in turns), turns)
        if not getattr(tokenizer, "chat_template", None):
            raise InputError(
                f"the model's tokenizer has no chat template for --template {self.name}; "
                "name one that needs none, for instance --template qwen25-math-cot or plain"
            )
        said = [{"role": role, "content": text} for role, text in turns]
        return Prompt(str(tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)))


def names() -> list[str]:
    """Return the names of the templates that come with the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load(name: str) -> Template:
    """Return the template `name`, or the one in the file of that path.

    Raises
    ------
    UnknownNameError
        If there is none.
    DefinitionError
        If the file has a mistake.
    """
    path = Path(name) if name.endswith(".toml") else _FOLDER / f"{name}.toml"
    if not path.is_file() or not (name.endswith(".toml") or name in names()):
        raise UnknownNameError("prompt template", name, names())
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{path}: not TOML: {error}") from error
    return _template(path, data)


def _template(path: Path, data: dict[str, Any]) -> Template:
    unknown = sorted(set(data) - _KNOWN)
    if unknown:
        raise DefinitionError(f"{path}: unknown key {unknown[0]!r}; known: {', '.join(sorted(_KNOWN))}")
    whole = data.get("user") if data.get("chat") else data.get("text")
    if not isinstance(whole, str) or _HOLE not in whole:
        raise DefinitionError(f"{path}: {'user' if data.get('chat') else 'text'} must be a text with {_HOLE}")
    if data.get("chat") and "text" in data:
        raise DefinitionError(f"{path}: has text and chat; a chat template has user instead of text")
    stop = data.get("stop", [])
    if not isinstance(stop, list) or not all(isinstance(text, str) and text for text in stop):
        raise DefinitionError(f"{path}: stop must be a list of texts")
    return Template(
        name=path.stem,
        title=str(data.get("title", path.stem)),
        source=str(data.get("source", "")),
        digest=digest_of({key: data[key] for key in sorted(_KNOWN - {"title", "source"}) if key in data}, 4),
        text=None if data.get("chat") else whole,
        system=data.get("system"),
        user=whole if data.get("chat") else None,
        stop=tuple(stop),
        keep_stop=bool(data.get("keep_stop", False)),
    )
