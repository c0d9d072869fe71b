"""What an experiment is, kept in its study: the design and every arm with its words.

A run that is stopped, or drawn on with more samples, keeps its control sets; and results can be
computed where the model is not at hand.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from reasonlens.core.errors import InputError
from reasonlens.core.manifest import digest_of
from reasonlens.core.study import Study, write_file
from reasonlens.workflow.ban_arms import Design, Layout, Planned

__all__ = ["kept", "load", "models", "save"]

_FORM = 1
_NAME = "ban-experiment-"


def save(study: Study, model: str, design: Design, layout: Layout) -> None:
    """Keep an experiment in its study."""
    told = {
        "reasonlens_ban_experiment": _FORM,
        "model": model,
        "design": asdict(design),
        "arms": [asdict(arm) for arm in layout.arms],
        "matching": layout.matching.to_dict("records"),
        "controls": layout.controls,
        "notes": list(layout.notes),
    }
    write_file(_path(study, model), json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n")


def load(study: Study, model: str) -> tuple[Design, Layout]:
    """Return the experiment of a model that a study holds.

    Raises
    ------
    InputError
        If it has none, or the file is damaged.
    """
    path = _path(study, model)
    if not path.is_file():
        known = ", ".join(models(study)) or "none"
        raise InputError(
            f"the study {study.path} has no ban experiment of {model} (it has: {known}); "
            "run reasonlens ban-ablation first"
        )
    try:
        told = json.loads(path.read_text("utf-8"))
        if told["reasonlens_ban_experiment"] != _FORM:
            raise InputError(f"{path} was written by another version; run the experiment in a new study")
        design = _design(told["design"])
        arms = tuple(Planned(**{**arm, "words": tuple(arm["words"])}) for arm in told["arms"])
        layout = Layout(arms, pd.DataFrame(told["matching"]), told["controls"], tuple(told["notes"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); restore it, or draw into a new study") from None
    return design, layout


def kept(study: Study, model: str, design: Design) -> Layout | None:
    """Return the arms that were drawn before for this design, or ``None`` before the first run.

    Raises
    ------
    InputError
        If the study holds another experiment of this model.
    """
    if not _path(study, model).is_file():
        return None
    before, layout = load(study, model)
    now, then = asdict(design), asdict(before)
    other = [f"{name} {_said(then[name])}, now {_said(now[name])}" for name in now if then[name] != now[name]]
    if other:
        raise InputError(
            f"the study {study.path} has another ban experiment of {model} ({'; '.join(other)}); "
            "name another --study, or ask for the same again"
        )
    return layout


def models(study: Study) -> list[str]:
    """Return the models with an experiment in a study."""
    files = sorted(study.path.glob(f"{_NAME}*.json"))
    return [str(json.loads(path.read_text("utf-8")).get("model")) for path in files]


def _path(study: Study, model: str) -> Path:
    return study.path / f"{_NAME}{digest_of([model], 4)}.json"


def _design(told: dict[str, Any]) -> Design:
    options = tuple((name, value) for name, value in told["options"])
    return replace(Design(**{**told, "words": tuple(told["words"]), "options": ()}), options=options)


def _said(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
