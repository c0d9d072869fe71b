"""Nothing in a trace runs, hides, turns text round or leaves its place: pages, reports, terminal, CSV."""

from __future__ import annotations

import csv
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from reasonlens.cli import cli
from reasonlens.core.study import Study
from reasonlens.view import document, report
from tests.view.hostile import ATTACKS, FORMULAS, rows
from tests.view.making import client_of, made_study

ALLOWED = set(
    """
    html head meta title link script style body a header nav form label input span button main h1 h2 p
    section table thead tbody tr th td div ul ol li dl dt dd code kbd aside article svg rect path mark details
    summary pre b select option blockquote br img figure figcaption template progress output
    """.split()  # noqa: SIM905
)
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class Checked(HTMLParser):
    """Reads a page as a browser would and notes what a trace must not bring in."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.shown: list[str] = []
        self.scripts = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag not in ALLOWED:
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            address = (value or "").strip().lower()
            if name.startswith("on") or name == "style":
                self.wrong.append(f"{tag} {name}={value}")
            if name in ("href", "src", "action", "formaction", "data") and not address.startswith(
                ("/", "#", "data:image/svg+xml;base64,")
            ):
                self.wrong.append(f"{tag} {name}={value}")
            if name == "http-equiv" and address != "content-security-policy":
                self.wrong.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


def check(page: str, scripts: int = 1) -> None:
    found = Checked(page)
    assert found.wrong == []
    assert found.scripts == scripts
    assert HIDDEN.findall(re.sub(r' value="[^"]*"', "", page)) == []  # a value must come back as it is


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = made_study(tmp_path_factory.mktemp("hostile"), rows())
    labeled = CliRunner().invoke(cli, ["behaviors", str(made.path), "--judge", "rules", "-b", "verification"])
    assert labeled.exit_code == 0, labeled.output
    return made


@pytest.fixture(scope="module")
def visitor(study: Study) -> TestClient:
    return client_of(study)


def test_every_list_and_page_over_them_is_clean(visitor: TestClient) -> None:
    for page in ("/", "/traces", "/behaviors", "/flips", "/figures", "/label"):
        check(visitor.get(page).text)
    for name in ("anthropomorphic", "logical_connectors"):
        category = f"flexible_reasoning/{name}"
        check(visitor.get("/words", params={"category": category}).text)
        check(visitor.get("/context", params={"category": category}).text)
    for attack in [*ATTACKS.values(), *FORMULAS]:
        for field in ("query", "problem", "model", "kind", "dataset", "sort", "category", "start"):
            answer = visitor.get("/traces", params={field: attack})
            assert answer.status_code == 200
            check(answer.text)
        for page in (
            "/words?category=",
            "/context?category=",
            "/label?who=a&behavior=",
            "/side-by-side?id=a&id=",
        ):
            check(
                visitor.get(
                    page + re.sub(r"[^\w.]", lambda m: "".join(f"%{b:02X}" for b in m[0].encode()), attack)
                ).text
            )


def test_every_trace_page_is_clean_and_shows_the_whole_text(study: Study, visitor: TestClient) -> None:
    for row in study.read("traces").to_pylist():
        page = visitor.get(f"/trace/{row['trace_id']}").text
        check(page)
        blocks = re.findall(r'<div class="b" id="b\d+">(.*?)</div>', page, re.DOTALL)
        named = re.compile(r'<span class="hidden">U\+([0-9A-F]+)</span>')
        plain = named.sub(lambda m: chr(0xF0000 + int(m[1], 16)), "".join(blocks))  # private use stands in
        told = html.unescape(re.sub(r"<[^>]+>", "", plain))
        back = re.sub("[\U000f0000-\U000fffff]", lambda m: chr(ord(m[0]) - 0xF0000), told)
        assert back == row["response"]


def test_side_by_side_and_labeling_are_clean(study: Study, visitor: TestClient) -> None:
    traces = study.traces(["trace_id", "problem"])
    for _, mine in traces.groupby("problem"):
        ids = mine["trace_id"].tolist()
        if len(ids) > 1:
            check(visitor.get("/side-by-side", params={"id": ids[:3]}).text)
        check(visitor.get("/label", params={"who": "a", "behavior": "verification", "id": ids[0]}).text)


def test_the_report_is_clean(study: Study, tmp_path: Path) -> None:
    made = report.write(study, tmp_path / "report.html")
    page = made.path.read_text("utf-8")
    styles = re.sub(r"<style>.*?</style>|<script>.*?</script>", "<script></script>", page, flags=re.DOTALL)
    check(styles, scripts=2)
    assert page.count("<script>") == 1
    assert made.n_traces == len(rows())
    assert page.index("</html>") > len(page) - 20


def test_the_markdown_report_is_clean(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    report.write(study, path, kind="md")
    text = path.read_text("utf-8")
    assert HIDDEN.findall(text) == []
    assert "<" not in text
    assert re.search(r"(?<!\\)\[", text) is None
    heads = [line for line in text.splitlines() if line.startswith("| Kind")]
    cells = len(re.findall(r"(?<!\\)\|", heads[0]))
    body = [line for line in text.splitlines() if line.startswith(("| base", "| distilled", "| teacher"))]
    assert len(body) == 2 * len(ATTACKS) + len(FORMULAS)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in body} == {cells}


@pytest.mark.parametrize("words", [["--kwic", "wait"], [], ["--kwic", "but", "--sort", "model"]])
def test_the_terminal_gets_no_control_character(study: Study, words: list[str]) -> None:
    out = CliRunner().invoke(cli, ["tokens", str(study.path), *words], color=False)
    assert out.exit_code == 0, out.output
    assert HIDDEN.findall(out.output) == []
    assert "\r" not in out.output


def test_csv_files_hold_no_formula_and_numbers_stay_numbers(study: Study, tmp_path: Path) -> None:
    from reasonlens.workflow import export

    frame = study.traces(["model", "dataset", "problem", "response", "sample"]).assign(rate=-1.5, gold="-5")
    export.save(frame, tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    assert len(cells) == len(frame)
    risky = 0
    for told, row in zip(cells, frame.to_dict("records"), strict=True):
        assert (told["rate"], told["gold"]) == ("-1.5", "-5")
        for name in ("model", "dataset", "problem", "response"):
            if row[name][:1] in "=+-@\t\r\n\uff1d":
                assert told[name] == f"'{row[name]}"
                risky += 1
            else:
                assert told[name] == row[name]
    assert risky > 20
    out = CliRunner().invoke(cli, ["tokens", str(study.path), "--matches", str(tmp_path / "m.csv")])
    assert out.exit_code == 0, out.output
    assert pd.read_csv(tmp_path / "m.csv")["start"].dtype.kind == "i"


def test_nothing_was_written_beside_the_study(study: Study) -> None:
    assert {p.name for p in study.path.parent.iterdir()} == {"rows.jsonl", "study"}


def test_one_line_of_ten_megabytes_is_shown_and_reported(tmp_path: Path) -> None:
    line = ("so wait<b> " + "word " * 60) * (10_000_000 // 311)
    study = made_study(
        tmp_path,
        [
            {"model": "m", "problem_id": str(i), "problem": "p", "response": x}
            for i, x in enumerate((line, "short wait"))
        ],
    )
    traces = study.traces(["trace_id", "response"]).set_index("response")["trace_id"]
    visitor = client_of(study)
    page = visitor.get(f"/trace/{traces[line]}").text
    assert len(re.findall(r'<div class="b"', page)) == -(-len(line) // 4000)
    n = 2 * (10_000_000 // 311)
    assert page.count(' first"') == document.DRAWN
    assert f"The last {n - document.DRAWN:,} marks are counted, not drawn." in page
    assert "<b> " not in page.split('id="text"')[1]
    assert visitor.get("/traces").status_code == 200
    assert visitor.get("/side-by-side", params={"id": traces.tolist()}).status_code == 200
    made = report.write(study, tmp_path / "report.html")
    assert made.size < report.LIMIT
    assert made.n_traces == 1
