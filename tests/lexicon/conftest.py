"""Tests of matching run with both engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reasonlens.lexicon.kernel import choice

_BOTH = ("test_count", "test_engine", "test_rules")
_NUMPY = ("test_scan",)  # how NumPy cuts long texts; the kernel's stretches have their own tests


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    name = metafunc.module.__name__.rpartition(".")[2]
    if name in _BOTH:
        metafunc.parametrize("engine", ["kernel", "numpy"], indirect=True, scope="module")
    elif name in _NUMPY:
        metafunc.parametrize("engine", ["numpy"], indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def engine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Force the engine that the parameter names."""
    with pytest.MonkeyPatch.context() as patch:
        wanted = getattr(request, "param", None)
        if wanted:
            patch.setenv(choice.VARIABLE, "")
            if wanted == "kernel" and choice.kernel() is None:
                pytest.skip("the kernel is not built here (.ci/kernel fails if there is a compiler)")
            patch.setenv(choice.VARIABLE, wanted)
        yield
