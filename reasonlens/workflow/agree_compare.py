"""Two judges on the same units: who is compared with whom, and where they disagree."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from reasonlens.core.errors import InputError, UnknownNameError
from reasonlens.core.study import Study
from reasonlens.judges import ANSWERS
from reasonlens.workflow.agree_labels import PEOPLE, judges_of, labels_of, majority, paired, with_groups
from reasonlens.workflow.agree_rows import agreement_rows
from reasonlens.workflow.behaviors_store import HUMAN, judge_folder

__all__ = ["BY", "Agreement", "Asked", "compare_labels"]

BY = ("model_kind", "model", "dataset", "condition")
"""What errors can be shown by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose labels are compared.

    Parameters
    ----------
    judge
        Name of a judge; ``None``: the only one that is no person.
    against
        Name of another judge, or of a person; ``None``: all people together, by majority, or else the only
        other judge, or else the judge's own repeats.
    text
        The text that was judged.
    behaviors
        Only these.
    by
        Errors are also shown for each group of this column (`BY`).
    level
        Confidence level.
    """

    judge: str | None = None
    against: str | None = None
    text: str = "response"
    behaviors: tuple[str, ...] = ()
    by: str = "model_kind"
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Agreement:
    """The answer.

    Attributes
    ----------
    rows
        Rows of the table ``agreement``.
    pairs
        Every unit that both labelled, with both verdicts.
    judge, against
        Who was compared.
    gold
        Whether `against` counts as right: a person, or all.
    """

    rows: pd.DataFrame
    pairs: pd.DataFrame
    judge: str
    against: str
    gold: bool

    @property
    def disagreements(self) -> pd.DataFrame:
        """Units on which both gave an answer, and not the same."""
        answered = self.pairs["verdict_a"].isin(ANSWERS) & self.pairs["verdict_b"].isin(ANSWERS)
        return self.pairs[answered & (self.pairs["verdict_a"] != self.pairs["verdict_b"])]


def compare_labels(study: Study, asked: Asked, more: pd.DataFrame | None = None) -> Agreement:
    """Compare two judges, and keep the rows in the study.

    Parameters
    ----------
    study
        The study with the labels.
    asked
        Whose.
    more
        Labels from elsewhere (of people), in the form of `reasonlens.workflow.agree_labels.labels_of`.

    Raises
    ------
    InputError
        If there is nothing to compare.
    UnknownNameError
        If nobody of that name labelled anything.
    """
    frame = labels_of(study, asked.text)
    if more is not None:
        frame = pd.concat([frame[~frame["judge"].isin(more["judge"].unique())], more], ignore_index=True)
    for name in asked.behaviors:
        if name not in set(frame["behavior"]):
            raise UnknownNameError("behavior with labels", name, frame["behavior"].unique())
    if asked.behaviors:
        frame = frame[frame["behavior"].isin(asked.behaviors)]
    judge = _judge(frame, asked.judge)
    against = _against(frame, judge, asked.against)
    pairs = with_groups(study, _pairs(frame, judge, against))
    gold = against.startswith(HUMAN)
    rows = pd.DataFrame(list(agreement_rows(pairs, asked.by, gold=gold, level=asked.level)))
    rows.insert(0, "judge", judge)
    rows.insert(1, "against", against)
    name = f"{judge_folder(judge)}-{judge_folder(against)}"
    data = pa.Table.from_pandas(rows, preserve_index=False)
    details = {"command": "agree compare", "text": asked.text, "by": asked.by, "level": asked.level}
    study.write("agreement", name, data, details=details)
    return Agreement(rows, pairs, judge, against, gold)


def _judge(frame: pd.DataFrame, given: str | None) -> str:
    known = judges_of(frame)
    if given is not None:
        if given not in known:
            raise UnknownNameError(_judge_of(frame), given, known)
        return given
    machines = [name for name in known if not name.startswith(HUMAN)]
    if len(machines) != 1:
        have = ", ".join(known)
        raise InputError(f"which judge? Name one with --judge; labels are there of {have}")
    return machines[0]


def _judge_of(frame: pd.DataFrame) -> str:
    return f"judge with labels of {' or '.join(frame['behavior'].unique())}"


def _against(frame: pd.DataFrame, judge: str, given: str | None) -> str:
    known = [name for name in judges_of(frame) if name != judge]
    if given is not None:
        if given not in (*known, PEOPLE, judge):
            raise UnknownNameError(_judge_of(frame), given, [*known, PEOPLE])
        return given
    if any(name.startswith(HUMAN) for name in known):
        people = [name for name in known if name.startswith(HUMAN)]
        return people[0] if len(people) == 1 else PEOPLE
    if len(known) == 1:
        return known[0]
    if not known and frame.loc[frame["judge"] == judge, "repeat"].max() > 0:
        return judge
    if known:
        raise InputError(f"{judge} against whom? Name one with --against: {', '.join(known)}")
    raise InputError(
        f"only {judge} has labels, so there is nobody to compare it with: read labels of people with "
        "`reasonlens agree import`, or let it judge again with `reasonlens behaviors --repeats 3`"
    )


def _pairs(frame: pd.DataFrame, judge: str, against: str) -> pd.DataFrame:
    mine = frame[frame["judge"] == judge]
    if against == judge:  # every repeat against the first answer
        if mine["repeat"].max() == 0 and judge.startswith(HUMAN):
            raise InputError(
                f"{judge} labelled everything once; compare with another person or a judge: --against NAME"
            )
        if mine["repeat"].max() == 0:
            raise InputError(f"{judge} was asked once; ask again with `reasonlens behaviors --repeats 3`")
        return paired(mine[mine["repeat"] > 0], mine[mine["repeat"] == 0])
    first = mine[mine["repeat"] == 0]
    others = majority(frame) if against == PEOPLE else frame[frame["judge"] == against]
    return paired(first, others[others["repeat"] == 0])
