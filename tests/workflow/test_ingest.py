"""Files to a study: accounts that add up, resuming, duplicates, no dependence on processes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.workflow import run
from reasonlens.workflow.ingest import Settings, ingest
from reasonlens.workflow.run import Plan

WAITLIKE = definition.from_options(["waitlike=wait,hold on"])


def row(i: int, **more: object) -> dict[str, object]:
    said = f"Wait, {i} apples. Hold on, wait."
    return {"model": "m", "model_kind": "base", "problem": f"How many in box {i}?", "response": said, **more}


def write(path: Path, rows: list[object]) -> Path:
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in rows))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [write(tmp_path / f"f{k}.jsonl", [row(10 * k + i) for i in range(5)]) for k in range(3)]


def ids(study: Path, table: str = "traces") -> list[str]:
    return sorted(Study(study).read(table, columns=["trace_id"]).column(0).to_pylist())


def test_the_account_adds_up(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", [row(1), "{broken", row(2), "", row(3, response=None), row(1)])
    outcome = ingest([file], Plan(tmp_path / "s"), Settings())
    account = outcome.account
    assert (account.rows, account.n_skipped, outcome.n_traces, outcome.duplicates) == (5, 2, 2, 1)
    assert account.rows == account.n_skipped + outcome.n_traces + outcome.duplicates
    places = {reason: left.places for reason, left in account.skipped.items()}
    assert sorted(places.values()) == [["x.jsonl, line 2"], ["x.jsonl, line 5"]]
    assert len(ids(tmp_path / "s")) == 2


def test_counts_by_hand(tmp_path: Path, files: list[Path]) -> None:
    ingest(files, Plan(tmp_path / "s", lexicons=(WAITLIKE,)), Settings())
    counts = Study(tmp_path / "s").counts()
    assert counts.groupby("entry", observed=True)["n"].sum().to_dict() == {"wait": 30, "hold on": 15}
    lengths = Study(tmp_path / "s").lengths()
    assert (lengths["n_words"] == 5).all()  # Wait apples Hold on wait; the number is no word
    assert ids(tmp_path / "s") == ids(tmp_path / "s", "lengths")


@pytest.mark.parametrize("jobs", [1, 2])
def test_any_number_of_processes_gives_the_same_tables(tmp_path: Path, files: list[Path], jobs: int) -> None:
    plan = Plan(tmp_path / "s", lexicons=(WAITLIKE,), matches=True)
    ingest([*files, files[0]], plan, Settings(), jobs=jobs)
    once = Plan(tmp_path / "once", lexicons=(WAITLIKE,), matches=True)
    for file in files:  # one after another, as three runs
        ingest([file], once, Settings(), jobs=1)
    for table in ("traces", "lengths", "counts", "matches"):
        a, b = (Study(s).read(table).to_pandas() for s in (tmp_path / "s", tmp_path / "once"))
        order = [c for c in ("trace_id", "entry", "start") if c in a]
        a, b = (x.astype({"entry": str} if "entry" in x else {}).sort_values(order) for x in (a, b))
        pd.testing.assert_frame_equal(a.reset_index(drop=True), b.reset_index(drop=True))


def test_running_again_does_only_what_is_missing(tmp_path: Path, files: list[Path]) -> None:
    plan = Plan(tmp_path / "s", lexicons=(WAITLIKE,))
    first = ingest(files[:2], plan, Settings())
    assert (first.parts_done, first.parts_kept) == (2, 0)
    second = ingest(files, plan, Settings())
    assert (second.parts_done, second.parts_kept) == (1, 2)
    assert second.n_traces == 15  # the account covers earlier runs, too
    other = definition.from_options(["appley=apples"])
    third = ingest([], Plan(tmp_path / "s", lexicons=(WAITLIKE, other)), Settings())
    assert third.parts_done == 3
    assert Study(tmp_path / "s").counts()["entry"].value_counts()["apples"] == 15


def test_a_study_with_earlier_files_is_counted_in_full(tmp_path: Path, files: list[Path]) -> None:
    ingest(files[:1], Plan(tmp_path / "s"), Settings())
    ingest(files[1:], Plan(tmp_path / "s", lexicons=(WAITLIKE,)), Settings())
    assert ids(tmp_path / "s") == ids(tmp_path / "s", "lengths")


def test_the_same_content_under_another_name_counts_once(tmp_path: Path, files: list[Path]) -> None:
    copy = write(tmp_path / "copy.jsonl", [row(i) for i in (3, 4, 99)])
    outcome = ingest([*files, copy], Plan(tmp_path / "s", lexicons=(WAITLIKE,)), Settings())
    assert (outcome.duplicates, outcome.n_traces) == (2, 16)
    for table in ("traces", "lengths"):
        assert len(ids(tmp_path / "s", table)) == len(set(ids(tmp_path / "s", table))) == 16
    assert Study(tmp_path / "s").counts()["n"].sum() == 3 * 16


def test_better_settings_replace_what_the_same_file_gave(tmp_path: Path, files: list[Path]) -> None:
    bare = write(tmp_path / "bare.jsonl", [{"problem": "p", "response": "Wait."}])
    plan = Plan(tmp_path / "s", lexicons=(WAITLIKE,))
    ingest([bare, *files], plan, Settings())
    outcome = ingest([bare, *files], plan, Settings(model="zero-7b", kind="zero_rl"))
    traces = Study(tmp_path / "s").traces(["trace_id", "model", "model_kind"])
    assert len(traces) == outcome.n_traces == 16
    assert traces["model"].value_counts().to_dict() == {"m": 15, "zero-7b": 1}
    assert set(ids(tmp_path / "s")) == set(ids(tmp_path / "s", "lengths"))


def test_a_part_that_fails_leaves_the_finished_ones(
    tmp_path: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    real = run._commit

    def stop_at_the_second(pending: Study, study: Study) -> None:
        if done:
            raise KeyboardInterrupt
        real(pending, study)
        done.append(pending.path.name)

    plan = Plan(tmp_path / "s", lexicons=(WAITLIKE,))
    monkeypatch.setattr(run, "_commit", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        ingest(files, plan, Settings())
    assert Study(tmp_path / "s").parts("traces") == done
    assert not (tmp_path / "s" / ".pending").exists()
    monkeypatch.setattr(run, "_commit", real)
    assert ingest(files, plan, Settings()).parts_done == 2
    assert len(ids(tmp_path / "s")) == 15


def test_refused_inputs_are_told_and_do_not_stop_the_others(tmp_path: Path, files: list[Path]) -> None:
    metrics = write(tmp_path / "metrics.json", [{"acc": 20.0, "num_samples": 30, "num_scores": 30}])
    outcome = ingest([metrics, *files], Plan(tmp_path / "s"), Settings())
    assert outcome.n_traces == 15
    assert [Path(found.name).name for found in outcome.refused] == ["metrics.json"]
    with pytest.raises(InputError, match=r"metrics\.json"):
        ingest([metrics], Plan(tmp_path / "t"), Settings())


def test_what_holds_nothing_does_not_stop_the_others(tmp_path: Path) -> None:
    """In a folder of outputs there are files of runs that were stopped, and archives of other things."""
    folder = tmp_path / "outputs"
    folder.mkdir()
    write(folder / "a.jsonl", [row(1), row(2)])
    (folder / "b.jsonl").touch()
    (folder / "c.zip").write_bytes(b"PK\3\4" + bytes(40))
    with zipfile.ZipFile(folder / "d.zip", "w") as archive:
        archive.writestr("notes.md", "x")
    outcome = ingest([folder], Plan(tmp_path / "s"), Settings())
    assert (outcome.n_traces, len(outcome.inputs)) == (2, 4)
    assert [found.reason.removeprefix(f"{folder}/").split(":")[0] for found in outcome.refused] == [
        "b.jsonl is empty; was the run that wrote it stopped early?",
        "c.zip is a damaged zip archive",
        f"d.zip holds 1 files (notes.md); name one as '{folder}/d.zip!notes.md'",
    ]
    with pytest.raises(InputError, match=r"b\.jsonl is empty"):  # nothing else to read
        ingest([folder / "b.jsonl"], Plan(tmp_path / "t"), Settings())


def test_a_hidden_text_is_not_kept_in_a_study_that_is_thrown_away(tmp_path: Path, files: list[Path]) -> None:
    ingest(files, Plan(tmp_path / "s", lexicons=(WAITLIKE,), keep_text=False), Settings())
    traces = Study(tmp_path / "s").read("traces")
    assert traces["response"].null_count == traces.num_rows == 15
    assert Study(tmp_path / "s").counts()["n"].sum() == 45


def test_rewriting_a_part_keeps_its_manifest(tmp_path: Path, files: list[Path]) -> None:
    copy = write(tmp_path / "copy.jsonl", [row(3), row(99)])
    outcome = ingest([*files, copy], Plan(tmp_path / "s"), Settings())
    assert outcome.account.traces == 17
    stored = [Study(tmp_path / "s").manifest_of("traces", p) for p in Study(tmp_path / "s").parts("traces")]
    assert all(m["table"] == "traces" for m in stored)
    assert isinstance(Study(tmp_path / "s").read("traces"), pa.Table)
