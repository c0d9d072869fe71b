"""The kernel is built where there is a compiler, and nothing breaks where there is none."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def building(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", root / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _App:
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def display_warning(self, text: str) -> None:
        self.warnings.append(text)


def _run(building: ModuleType, folder: Path, version: str = "standard") -> tuple[dict[str, Any], list[str]]:
    """Run the hook as Hatchling would; return what it changed, and its warnings."""

    class Hook(building.CustomBuildHook):  # type: ignore[misc, name-defined]
        root, app = str(folder), _App()

    data: dict[str, Any] = {"artifacts": [], "pure_python": True}
    Hook.__new__(Hook).initialize(version, data)
    return data, Hook.app.warnings


@pytest.fixture
def sources(root: Path, tmp_path: Path, building: ModuleType) -> Path:
    shutil.copytree(root / building.FOLDER / "c", tmp_path / building.FOLDER / "c")
    return tmp_path


def test_a_wheel_with_the_kernel_is_for_one_platform(
    building: ModuleType, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        building.compiler()
    except building.CannotBuild:
        pytest.skip("there is no C compiler here")
    monkeypatch.setenv(building.VARIABLE, "1")
    data, warnings = _run(building, sources)
    assert data["artifacts"] == ["/reasonlens/lexicon/kernel/_kernel.abi3.so"]
    assert data["pure_python"] is False
    assert data["tag"] == f"cp311-abi3-{building.platform_tag()}"
    assert warnings == []
    spec = importlib.util.spec_from_file_location("_kernel", sources / building.BUILT)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    assert module.instructions()
    assert [path.name for path in (sources / building.FOLDER).glob("_kernel*")] == ["_kernel.abi3.so"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("REASONLENS_BUILD_KERNEL", "0", "REASONLENS_BUILD_KERNEL is 0"),
        ("CC", "/no/such/cc", "there is no C compiler '/no/such/cc'"),
        ("CC", "false", "false -std=c11 "),
    ],
)
def test_without_a_compiler_numpy_will_count(
    name: str, value: str, why: str, building: ModuleType, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REASONLENS_BUILD_KERNEL", raising=False)
    monkeypatch.setenv(name, value)
    data, warnings = _run(building, sources)
    assert data == {"artifacts": [], "pure_python": True}
    assert len(warnings) == 1
    assert warnings[0].startswith(f"Without the compiled counting engine (NumPy will count): {why}")


def test_an_editable_installation_keeps_no_older_kernel(
    building: ModuleType, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REASONLENS_BUILD_KERNEL", "0")
    (sources / building.BUILT).write_bytes(b"")
    _run(building, sources)
    assert (sources / building.BUILT).exists()
    _run(building, sources, "editable")
    assert not (sources / building.BUILT).exists()


def test_the_kernel_can_be_demanded(
    building: ModuleType, sources: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REASONLENS_BUILD_KERNEL", "1")
    monkeypatch.setenv("CC", "/no/such/cc")
    with pytest.raises(building.CannotBuild, match="no C compiler '/no/such/cc'"):
        _run(building, sources)


def test_a_wheel_for_macos_is_for_the_processor_of_the_kernel(
    building: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building.sys, "platform", "darwin")
    monkeypatch.setattr(building.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(building.sysconfig, "get_platform", lambda: "macosx-11.0-universal2")
    monkeypatch.delenv("ARCHFLAGS", raising=False)
    assert building.platform_tag() == "macosx_11_0_arm64"
    monkeypatch.setenv("ARCHFLAGS", "-arch arm64 -arch x86_64")
    assert building.platform_tag() == "macosx_11_0_universal2"
