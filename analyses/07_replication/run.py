"""The paper's numbers beside yours: writes figures/07_replication/ (see README.md)."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import reasonlens
from reasonlens import Study
from reasonlens.core.errors import ReasonlensError
from reasonlens.workflow.analysis import main
from reasonlens.workflow.behaviors_store import found_labels
from reasonlens.workflow.compare import Question

REPORTED = Path(__file__).with_name("reported.csv")
Found = tuple[float, float, float, int, int, str]  # value, low, high, problems, traces, what is missing


def run(study: Study, files: list[str], params: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Read the files, estimate what the paper reports, and put both side by side.

    One study instead of files is taken as it is, with the effects of its bans and the labels of its judges.
    """
    if len(files) == 1 and (Path(files[0]) / "study.json").is_file():
        shutil.copytree(files[0], study.path, dirs_exist_ok=True)  # what is made here stays out of it
        files = []
    reasonlens.tokens(files, study=study.path, lexicons=params["lexicons"])
    accuracy = _compared(study, Question(("accuracy",), "model"))
    with REPORTED.open(encoding="utf-8", newline="") as file:
        rows = [_beside(row, study, accuracy, params) for row in csv.DictReader(file)]
    reasonlens.compare(study.path)  # last: the figures draw it
    return {"replication": pd.DataFrame(rows)}


def _beside(
    row: dict[str, str], study: Study, accuracy: pd.DataFrame, params: Mapping[str, Any]
) -> dict[str, Any]:
    quantity = row["quantity"]
    if quantity == "accuracy":
        found = _accuracy(row, study, accuracy, params)
    elif quantity.startswith("rate ratio "):
        found = _ratio(quantity.removeprefix("rate ratio "), row["models"], study)
    elif quantity.startswith("behavior ratio "):
        found = _behavior(quantity.removeprefix("behavior ratio "), row["models"], study)
    else:
        found = _lost(row, study, params)
    value, low, high, problems, traces, lacking = found
    reported = row["low"] if row["low"] == row["high"] else f"{row['low']} to {row['high'] or 'any'}"
    return {
        "quantity": quantity,
        "models": row["models"],
        "benchmarks": row["benchmarks"],
        "reported": reported,
        "unit": row["unit"],
        "confidence": row["confidence"],
        "yours": value,
        "low95": low,
        "high95": high,
        "n_problems": problems,
        "n_traces": traces,
        "missing": lacking,
        "setting": row["setting"],
        "source": row["source"],
    }


def _lost(row: dict[str, str], study: Study, params: Mapping[str, Any]) -> Found:
    """Return what the ban costs in points, if the experiment is of such a model on these benchmarks."""
    want = "reasonlens ban-ablation --ban " + ",".join(params["banned"])
    if not study.parts("effects"):
        return _missing(f"needs paired traces with and without the words: {want}")
    effects = study.read("effects").to_pandas()
    kind = row["models"].partition(":")[2]
    asked = {word.lower() for word in params["banned"]}
    same = pd.Series([{w.lower() for w in words} == asked for words in effects["words"]], effects.index)
    chosen = (effects["role"] == "target") & (effects["measure"] == "accuracy") & same
    chosen &= (effects["dataset"] == "(all)") & effects["model"].isin(_models_of(study, kind, params))
    if chosen.sum() != 1:
        return _missing(
            f"{chosen.sum()} experiments ban these words in a {kind} model, one is needed: {want}"
        )
    found = effects[chosen].iloc[0]
    traces = study.traces(["model", "condition", "dataset"])
    mine = traces[(traces["model"] == found["model"]) & (traces["condition"] == found["arm"])]
    drawn = set(mine["dataset"].astype("str").str.casefold())
    names = [{name, *params["aliases"].get(name, [])} for name in row["benchmarks"].split("+")]
    if not (drawn <= set().union(*names) and all(drawn & aliases for aliases in names)):
        return _missing(f"the experiment is on {', '.join(sorted(drawn))}, not on {row['benchmarks']}")
    value, low, high = (-100 * float(found[name]) for name in ("value", "high", "low"))
    return value, low, high, int(found["n_problems"]), int(found["n_traces"]), ""


def _missing(why: str) -> Found:
    return math.nan, math.nan, math.nan, 0, 0, why


def _compared(study: Study, question: Question) -> pd.DataFrame:
    try:
        rows = reasonlens.compare(study.path, question).rows
    except ReasonlensError:  # nothing of this kind in the study: the row says so
        return pd.DataFrame(columns=["group", "dataset", "reference", "without", "value"])
    return rows[rows["without"] == ""]


def _accuracy(row: dict[str, str], study: Study, levels: pd.DataFrame, params: Mapping[str, Any]) -> Found:
    kind, _, wanted = row["models"].partition(":")
    levels = levels[levels["reference"] == ""]
    models = [wanted] if kind == "model" else _models_of(study, wanted, params)
    found = [_mean(levels, model, row["benchmarks"].split("+"), params) for model in models]
    complete = [one for one in found if not one[5]]
    if not complete:
        return found[0] if found else _missing(f"no traces of a model of kind {wanted}")
    if kind == "kind" and len(complete) > 1:
        return _missing(f"{len(complete)} models of kind {wanted} are here; give the files of one")
    return max(complete)


def _models_of(study: Study, kind: str, params: Mapping[str, Any]) -> list[str]:
    about = study.traces(["model", "model_kind"]).drop_duplicates()
    here = about.loc[about["model_kind"] == kind, "model"].astype(str)
    return sorted({*here, *params["models"].get(kind, [])} & set(about["model"].astype(str)))


def _mean(levels: pd.DataFrame, model: str, benchmarks: Sequence[str], params: Mapping[str, Any]) -> Found:
    """Return the mean over benchmarks; its limits by the method of variance estimates recovery.

    Limits of a sum from limits of independent parts: Zou and Donner (2008), doi:10.1002/sim.3095.
    """
    mine = levels[levels["group"].str.casefold() == model.casefold()]
    parts = []
    for benchmark in benchmarks:
        names = {benchmark, *params["aliases"].get(benchmark, [])}
        rows = mine[mine["dataset"].str.casefold().isin(names)]
        if rows.empty or math.isnan(rows.iloc[0]["value"]):
            return _missing(f"no graded traces of {model} on {params['benchmarks'][benchmark]}")
        parts.append(rows.iloc[0])
    n, value = len(parts), sum(p["value"] for p in parts) / len(parts)
    below = math.sqrt(sum((p["value"] - p["low"]) ** 2 for p in parts)) / n
    above = math.sqrt(sum((p["high"] - p["value"]) ** 2 for p in parts)) / n
    problems, traces = (int(sum(p[c] for p in parts)) for c in ("n_problems", "n_traces"))
    return 100 * value, 100 * (value - below), 100 * (value + above), problems, traces, ""


def _behavior(name: str, models: str, study: Study) -> Found:
    """Return the ratio of instances per response, by the one judge that has labels of the behavior."""
    judges = sorted({judge for judge, behavior in found_labels(study, "response") if behavior == name})
    if not judges:
        want = "reasonlens behaviors STUDY --judge llm"
        return _missing(f"no judge has labels of {name}: {want}, and give this script that study")
    if len(judges) > 1:
        return _missing(f"{' and '.join(judges)} have labels of {name}; one judge is needed")
    return _ratio(f"{judges[0]}/{name}/response", models, study)


def _ratio(measure: str, models: str, study: Study) -> Found:
    group, reference = (name.removeprefix("kind:") for name in models.split("/"))
    absent = {group, reference} - set(study.traces(["model_kind"])["model_kind"].astype(str))
    if absent:
        return _missing(f"no traces of kind {' or '.join(sorted(absent))}")
    rows = _compared(study, Question((measure,), reference=reference))
    if rows.empty:
        return _missing(f"no {measure} in this study")
    mine = rows[(rows["group"] == group) & (rows["reference"] == reference)]
    mine = mine[mine["quantity"] == "ratio"]
    if (mine["dataset"] == "(all)").any():  # with one benchmark there is its own row alone
        mine = mine[mine["dataset"] == "(all)"]
    if mine.empty or not mine.iloc[0]["n_problems"]:
        return _missing(f"no problems that {group} and {reference} models share")
    row = mine.iloc[0]
    if not row["value"] > 0:
        return _missing(f"undefined: no hits in {group} or {reference} traces")
    return row["value"], row["low"], row["high"], int(row["n_problems"]), int(row["n_traces"]), ""


if __name__ == "__main__":
    main(__file__, run)
