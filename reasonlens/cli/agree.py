"""``reasonlens agree``: is the judge right, how many labels would show it, and a judge from labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from reasonlens.cli._options import example, part_option, seed_option

Command = TypeVar("Command", bound=Callable[..., Any])

_STUDY = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(
    name="agree",
    epilog=example(
        "reasonlens agree sample my-study -b verification --n 60 --out sheet.csv",
        "reasonlens agree import my-study sheet.csv --who ann",
        "reasonlens agree compare my-study --judge rules@1 --against human:ann",
    ),
)
def command() -> None:
    """Tell whether a judge is right.

    Compare its labels with those of people, of another judge or with its own repeats; plan how many labels
    are needed; train a small judge from labels; cross keywords with behaviors.
    """


def _study(function: Command) -> Command:
    return click.argument("study", type=_STUDY, metavar="STUDY")(function)


def _behaviors(help_text: str, *, required: bool = False) -> Callable[[Command], Command]:
    return click.option(
        "--behavior", "-b", "behaviors", multiple=True, metavar="NAME", required=required, help=help_text
    )


def _codebooks(function: Command) -> Command:
    return click.option(
        "--codebook",
        "codebooks",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        metavar="FILE",
        help="The codebook of a behavior of your own; several times for several.",
    )(function)


def _out(what: str) -> Callable[[Command], Command]:
    return click.option("--out", type=_FILE, metavar="FILE", help=f"{what} to .csv .parquet .json .md .tex.")


@command.command(
    "compare",
    epilog=example(
        "reasonlens agree compare my-study",
        "reasonlens agree compare my-study --judge rules@1 --against human:ann --disagreements differ.csv",
        "reasonlens agree compare my-study --judge gpt-4o-2024-11-20 --labels ann.csv --by model",
        "reasonlens agree compare my-study --judge gpt-4o-2024-11-20 --against gpt-4o-2024-11-20",
    ),
)
@_study
@click.option("--judge", metavar="NAME", help="Whose labels are tried [default: the only judge there is].")
@click.option(
    "--against",
    metavar="NAME",
    help="Another judge; human:NAME or human:(all), who count as right; or the judge itself, for its repeats "
    "[default: people, if there are labels of any].",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Labels of a person (.csv, .tsv, .jsonl), used here and not kept; see `agree import`.",
)
@_behaviors("Only this behavior; several times for several.")
@_codebooks
@click.option(
    "--by",
    type=click.Choice(["model_kind", "model", "dataset", "condition"]),
    default="model_kind",
    show_default=True,
    help="Show errors by this, too: where they differ, comparisons of these groups are off.",
)
@part_option("judged")
@click.option(
    "--disagreements", type=_FILE, metavar="FILE", help="List every unit with two different answers there."
)
@_out("Rows")
def compare(**options: Any) -> None:
    """Compare two judges on what both labelled.

    Kappa, AC1, sensitivity, specificity and the table of verdicts, with intervals clustered by problem. What
    one of the two did not answer is counted and left out.
    """
    from reasonlens.cli import _agree

    _agree.show_comparison(options)


@command.command(
    "sample",
    epilog=example("reasonlens agree sample my-study -b verification -b backtracking --n 60 --out sheet.csv"),
)
@_study
@_behaviors("What is to be labelled; several times for several.", required=True)
@click.option("--n", type=click.IntRange(min=1), default=50, show_default=True, help="Number of responses.")
@part_option("shown")
@seed_option("the sample")
@click.option("--out", type=_FILE, required=True, metavar="FILE", help="Where the sheet goes (.csv).")
def sample(**options: Any) -> None:
    """Draw responses at random for a person to label.

    As many of each kind of model as of any other. The sheet has one row per response and behavior; fill in
    verdict (present, absent or unclear) and, for present, quotes (|| between several). Verdicts of judges
    are not shown.
    """
    from reasonlens.cli import _agree

    _agree.show_sample(options)


@command.command("import", epilog=example("reasonlens agree import my-study labels.csv --who ann"))
@_study
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), metavar="FILE")
@click.option("--who", required=True, metavar="NAME", help="Whose labels; the judge is called human:NAME.")
@_codebooks
@part_option("labelled")
def read(**options: Any) -> None:
    """Read labels of a person into the study.

    FILE is .csv, .tsv or .jsonl with trace_id, behavior and verdict, and if need be count, quotes,
    rationale, start and end. With such labels `reasonlens behaviors` prints corrected rates.
    """
    from reasonlens.cli import _agree

    _agree.show_import(options)


@command.command(
    "plan",
    epilog=example(
        "reasonlens agree plan --width 0.1 --prevalence 0.3 --sensitivity 0.85 --specificity 0.9",
        "reasonlens agree plan --width 0.1 --study my-study --judge rules@1 -b verification",
    ),
)
@click.option(
    "--width",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.1,
    show_default=True,
    help="Wanted width of the interval of the corrected share.",
)
@click.option(
    "--prevalence", type=click.FloatRange(0, 1), help="Expected share with the behavior [default: 0.3]."
)
@click.option(
    "--sensitivity", type=click.FloatRange(0, 1), help="Share of those that it finds [default: 0.85]."
)
@click.option(
    "--specificity", type=click.FloatRange(0, 1), help="Share of others that it leaves alone [default: 0.9]."
)
@click.option("--judged", type=click.IntRange(min=1), help="Number of judged responses [default: 1000].")
@click.option(
    "--per-problem",
    type=click.FloatRange(min=1),
    help="Responses per problem among the labelled [default: 1, or as in the study].",
)
@click.option(
    "--correlation",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    help="How much responses to one problem resemble each other.",
)
@click.option("--study", type=_STUDY, metavar="DIR", help="Take what is known from the labels of a study.")
@click.option("--judge", metavar="NAME", help="The judge in that study [default: the only one].")
@_behaviors("The behavior in that study.")
@part_option("judged")
def plan(**options: Any) -> None:
    """Say how many labels a corrected share needs.

    With labels of people on some responses the share that a judge gives can be corrected; this is how many
    make its interval as short as wanted.
    """
    from reasonlens.cli import _agree

    _agree.show_plan(options)


@command.command(
    "train",
    epilog=example(
        "reasonlens agree train my-study --from gpt-4o-2024-11-20 --name small",
        "reasonlens behaviors other-study --judge local --model my-study/judges/small.npz",
        "reasonlens agree train my-study --name vectors --embeddings sentence-transformers/all-MiniLM-L6-v2",
    ),
)
@_study
@click.option(
    "--from", "judge", metavar="NAME", help="Whose labels it learns from [default: the only judge there is]."
)
@click.option(
    "--name", default="small", show_default=True, metavar="NAME", help="What it is called: local:NAME."
)
@click.option(
    "--embeddings",
    metavar="MODEL",
    help="Learn from the vectors of a transformer, too: a folder, or the id of a published model.",
)
@_behaviors("Only this behavior; several times for several.")
@_codebooks
@part_option("judged")
@click.option(
    "--out", type=_FILE, metavar="FILE", help="Where it is written [default: STUDY/judges/NAME.npz]."
)
def train(**options: Any) -> None:
    """Train a small judge on labels, and measure its error.

    Logistic regression on n-grams and places of sentences, tried on problems that it did not see. It needs
    labels with quotes. With --embeddings it is also told which sentences mean much the same, at many times
    the cost for each sentence.
    """
    from reasonlens.cli import _agree

    _agree.show_training(options)


@command.command(
    "keywords",
    epilog=example("reasonlens agree keywords my-study --judge rules@1 -l flexible_reasoning"),
)
@_study
@click.option("--judge", metavar="NAME", help="Whose labels [default: the only judge there is].")
@click.option(
    "--lexicon", "-l", "lexicons", multiple=True, metavar="NAME|FILE", help="Whose keywords [default: "
    "flexible_reasoning]; several times for several.",
)  # fmt: skip
@_behaviors("Only this behavior; several times for several.")
@part_option("judged")
@_out("Behaviors against keywords")
def keywords(**options: Any) -> None:
    """Cross keywords with the quotes of behaviors.

    Which behaviors have no keyword, and which keywords no behavior: a quote of the judge has a keyword in it
    or not, and a keyword stands in a quote or not.
    """
    from reasonlens.cli import _agree

    _agree.show_keywords(options)
