"""The end of a run in several processes: nobody leaves before the model and its numbers are written."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from reasonlens.distill import runs


@pytest.mark.parametrize("first", [True, False])
def test_processes_part_after_the_last_write(tmp_path: Path, first: bool) -> None:
    done: list[str] = []

    def note(name: str) -> None:
        done.append(f"{name}, numbers {'written' if (tmp_path / 'metrics.json').is_file() else 'not there'}")

    trainer = SimpleNamespace(
        save_model=lambda _: note("save"),
        state=SimpleNamespace(global_step=3, log_history=[{"loss": 1.5}]),
        accelerator=SimpleNamespace(
            num_processes=2,
            wait_for_everyone=lambda: note("wait"),
            end_training=lambda: note("end"),
        ),
        is_world_process_zero=lambda: first,
        processing_class=SimpleNamespace(save_pretrained=lambda _: note("tokenizer")),
    )
    told = runs.finish(tmp_path, trainer, {"rows": 4})
    assert told == {"steps": 3, "processes": 2, "rows": 4, "log": [{"loss": 1.5}]}
    if first:
        assert done == [
            "save, numbers not there",
            "tokenizer, numbers not there",
            "wait, numbers written",
            "end, numbers written",
        ]
        assert json.loads((tmp_path / "metrics.json").read_text("utf-8")) == told
    else:
        assert done == ["save, numbers not there", "wait, numbers not there", "end, numbers not there"]
