"""Every analysis runs on the real traces, and draws the same bytes a second time."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from reasonlens import Study
from reasonlens.workflow.figures import draw

ROOT = Path(__file__).resolve().parents[2]
ANALYSES = sorted(path.parent.name for path in ROOT.glob("analyses/*/run.py"))
LACKING = {  # what the real traces have nothing for, and the sentence that says so
    "pass_at_k": "the study has no comparisons/scores-* yet",
    "structure_at_k": "there is no pass@k to draw: make it with `reasonlens structure`",
    "step_diversity": "there is no distance between samples to draw: make it with `reasonlens structure`",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("figures") / "study", create=True)


@pytest.mark.parametrize("name", ANALYSES)
def test_figures_of_real_traces(name: str, study: Study, shared_data: Path, tmp_path: Path) -> None:
    path = ROOT / "analyses" / name / "run.py"
    spec = importlib.util.spec_from_file_location(f"analysis_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    params = tomllib.loads(path.with_name("params.toml").read_text("utf-8"))
    files = [str(p) for p in sorted(shared_data.glob("traces/*.gz"))]
    if name == "06_ban_ablation":  # draws traces of its own: it needs problems, in a study that is small
        study, files = Study(tmp_path / "study", create=True), [f for f in files if "mip_math" in f]
    if "sample" in params:  # of each model: judging takes the time
        params["sample"] = 12
    module.run(study, files, params)
    first = draw(study, tmp_path / "first", *params["figures"])
    assert first.skipped == {f: why for f, why in LACKING.items() if f in params["figures"]}
    drawn = set(params["figures"]) - set(first.skipped)
    assert {p.stem for p in first.files} == drawn
    assert all(p.stat().st_size > 5000 for p in first.files if p.suffix in (".pdf", ".svg", ".png"))
    second = draw(study, tmp_path / "second", *params["figures"])
    for a, b in zip(first.files, second.files, strict=True):
        assert a.read_bytes() == b.read_bytes(), f"{a.name} has other bytes the second time"
