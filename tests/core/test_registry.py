"""Plug-ins are found by file name; a leading underscore hides a module."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reasonlens.core import registry
from reasonlens.core.errors import UnknownNameError
from reasonlens.core.manifest import digest_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    package = tmp_path / "plugs" / "things"
    package.mkdir(parents=True)
    for name in ("__init__", "../__init__", "beta", "alpha", "_hidden"):
        (package / f"{name}.py").write_text(f"NAME = {name!r}\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "plugs.things"
    for name in [m for m in sys.modules if m.startswith("plugs")]:
        del sys.modules[name]


def test_names_are_sorted_modules(folder: str) -> None:
    assert registry.names(folder) == {"alpha": "plugs.things.alpha", "beta": "plugs.things.beta"}
    assert registry.load(folder, "beta").NAME == "beta"


def test_an_unknown_plugin_is_named_in_the_singular(folder: str) -> None:
    with pytest.raises(UnknownNameError, match=r"no thing is named 'alfa'\. Did you mean 'alpha'"):
        registry.load(folder, "alfa")


def test_digests_do_not_depend_on_key_order() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1}) != digest_of({"a": 1, "b": [3]})
    assert len(digest_of("x", 4)) == 8
