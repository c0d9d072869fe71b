"""What ``reasonlens compare`` does once it is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from reasonlens.cli._comparisons import print_association, print_comparison, print_scores
from reasonlens.cli._ingested import read_in
from reasonlens.cli._inputs import chosen_lexicons, inputs_of, study_at
from reasonlens.cli._progress import watched
from reasonlens.core.errors import InputError
from reasonlens.core.study import Study
from reasonlens.lexicon import definition
from reasonlens.lexicon.definition import DEFAULT_LEXICON, Lexicon
from reasonlens.workflow import export, measures
from reasonlens.workflow.associate import USUAL, associate
from reasonlens.workflow.compare import Question, compare
from reasonlens.workflow.run import Plan
from reasonlens.workflow.scores import score

__all__ = ["show"]


def show(options: dict[str, Any]) -> None:
    """Bring the study up to date, answer the question, print, and say where everything went."""
    names, given = inputs_of(options)
    export.check(options["out"])
    ks, question = _ks(options), _question(options)
    if ks and question.measures not in ((), ("accuracy",)):
        raise InputError("--k scores accuracy; name no other --measure with it")
    if ks and options["outcome"]:
        raise InputError("--k and --outcome answer different questions; ask one at a time")
    with study_at(given) as folder, watched() as bar:
        plan = Plan(
            folder,
            text=options["part"],
            lexicons=_lexicons(options),
            tokenizer=options["tokenizer"],
            keep_text=given is not None or bool(ks),
        )
        measures.named(question.measures, plan)  # a wrong name is said before the work
        read_in(names, plan, options, bar)
        study = Study(folder)
        if options["outcome"]:
            asked = replace(question, measures=question.measures or USUAL)
            association = associate(study, plan, asked)
            rows, table = association.rows, "associations"
            print_association(association)
        elif ks:
            found = score(study, plan, question, ks)
            rows, table = found.rows, "comparisons"
            print_scores(found)
        else:
            found = compare(study, plan, question)
            rows, table = found.rows, "comparisons"
            print_comparison(found)
        if options["out"]:
            export.save(rows, options["out"])
            click.echo(f"Rows: {options['out']}")
    if given is None:
        click.echo("Nothing else was kept; add --study DIR to keep the tables.")
    else:
        click.echo(f"Study: {given} (table {table})")


def _ks(options: dict[str, Any]) -> list[int]:
    text = options["ks"]
    if text is None:
        return []
    try:
        ks = [int(piece) for piece in text.split(",")]
    except ValueError:
        ks = []
    if not ks or min(ks) < 1:
        raise InputError(f"--k {text!r} is no list of numbers from 1, for instance --k 1,2,4,8")
    return sorted(set(ks))


def _question(options: dict[str, Any]) -> Question:
    exclude = tuple(flag for flag in options["exclude"] if flag != "none") if options["exclude"] else None
    return Question(
        measures=tuple(options["measures"]),
        by=options["by"],
        reference=options["reference"],
        dataset=options["dataset"],
        estimand=options["estimand"],
        adjust=options["adjust"],
        correction=options["correction"],
        exclude=exclude,
        condition=options["condition"],
        seed=options["seed"],
    )


def _lexicons(options: dict[str, Any]) -> tuple[Lexicon, ...]:
    found = measures.lexicons_of(options["measures"], chosen_lexicons(options))
    # without any list there would be no words to divide by: the usual one is always counted
    return found or (definition.load(DEFAULT_LEXICON),)
