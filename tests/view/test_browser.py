"""The viewer and the report in a real browser: clicks and keys, nothing from outside, no error."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from reasonlens import view
from reasonlens.core.study import Study
from reasonlens.view import report
from reasonlens.view.app import make_app
from tests.view.hostile import rows
from tests.view.making import TOKEN, made_study

sync_api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no browser: apt install chromium"),
    # greenlets of playwright leave its pipes to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@dataclass
class Visit:
    """A page, with what it asked of other places and what it complained of."""

    page: Any
    base: str
    outside: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda r: None if r.url.startswith(self.base) else self.outside.append(r.url))
        self.page.on(
            "console", lambda m: self.said.append(m.text) if m.type in ("error", "warning") else None
        )
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


class Served:
    """A study on a free port, in a thread."""

    def __init__(self, study: Study) -> None:
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        port = self.socket.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        config = uvicorn.Config(make_app(study, TOKEN, port), log_level="error", access_log=False)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})

    def __enter__(self) -> str:
        self.thread.start()
        return self.base

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()


@pytest.fixture
def visit(browser: Any, sample_study: Study) -> Iterator[Visit]:
    with Served(sample_study) as base:
        yield from visiting(browser, base)


def visiting(browser: Any, base: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Visit(context.new_page(), base)
    found.watch()
    found.page.goto(f"{base}/?token={TOKEN}")
    yield found
    assert found.outside == []
    assert found.said == []
    context.close()


def test_a_heading_of_two_lines_keeps_them_as_a_button(browser: Any, tmp_path: Path) -> None:
    page = browser.new_page()
    script = (Path(view.__file__).parent / "static" / "view.js").read_text("utf-8")
    table = (
        "<table class='sortable'><thead><tr><th>distilled<br>against base</th></tr></thead><tbody></table>"
    )
    page.set_content(f"{table}<script>{script}</script>")
    button = page.locator("th button")
    assert button.inner_text().split("\n") == ["distilled", "against base"]
    assert button.get_attribute("aria-label") == "Sort by distilled against base"
    page.close()


def test_from_the_overview_to_a_trace_by_clicking(visit: Visit) -> None:
    page = visit.page
    assert TOKEN not in page.url
    row = page.locator("tbody tr", has_text="distilled").first
    row.locator("td a").nth(3).click()  # a rate of words
    page.wait_for_url("**/traces?*category=*")
    assert 0 < page.locator("table.list tbody tr").count() <= 100
    page.locator("td.title a").first.click()
    page.wait_for_url("**/trace/*")
    page.wait_for_load_state()
    assert page.locator("mark.l0").count() > 0
    page.keyboard.press("n")
    assert page.locator("mark.here").count() == 1
    box = page.locator("input[data-layer='0']")
    assert box.is_checked()
    page.keyboard.press("1")
    assert not box.is_checked()
    color = "e => getComputedStyle(e).backgroundColor"
    assert page.locator("mark.l0").first.evaluate(color) == "rgba(0, 0, 0, 0)"


def test_filter_search_and_share_the_address(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.base + "/traces")
    page.select_option("select[name=kind]", "base")
    page.select_option("select[name=health]", "looping")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**health=looping*")
    assert page.locator("h1.count").inner_text() == "2 traces"
    address = page.url
    page.keyboard.press("/")
    page.keyboard.type("let me check")
    page.keyboard.press("Enter")
    page.wait_for_url("**query=let+me+check*")
    found = page.locator("table.list tbody tr").count()
    assert found > 0
    assert page.locator("h1.count").inner_text() == f"{found} trace" + "s" * (found != 1)
    page.goto(address)
    assert page.locator("h1.count").inner_text() == "2 traces"


def test_tables_sort_by_a_click_on_a_heading(visit: Visit) -> None:
    page = visit.page
    heading = page.get_by_role("button", name="Sort by Accuracy %")
    column = heading.locator("xpath=ancestor::th").evaluate("e => e.cellIndex")
    heading.click()
    cells = page.locator("tbody tr").evaluate_all(f"rows => rows.map(r => r.cells[{column}].innerText)")
    values = [float(cell.split()[0]) for cell in cells]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 2


def test_compare_two_traces_of_a_problem(visit: Visit) -> None:
    page = visit.page
    page.goto(visit.base + "/traces?dataset=sample-algebra")
    for place in (0, 1):
        page.locator("table.list input[type=checkbox]").nth(place).check()
    page.get_by_role("button", name="Side by side").click()
    page.wait_for_url("**/side-by-side?*")
    assert page.locator(".sides .row.head > div").count() == 2
    assert page.locator(".sides .row:not(.head)").count() > 1


def test_the_theme_is_switched_and_kept(visit: Visit) -> None:
    page = visit.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.locator("#theme").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark


def test_a_person_labels_with_keys_and_goes_on_after_a_reload(visit: Visit, sample_study: Study) -> None:
    page = visit.page
    page.goto(visit.base + "/label")
    page.fill("input[name=who]", "browser")
    page.select_option("select[name=behavior]", "verification")
    page.fill("input[name=n]", "3")
    page.get_by_role("button", name="Begin").click()
    page.locator("#labeling").wait_for()
    page.wait_for_load_state()
    first = page.locator("#labeling").get_attribute("data-trace")
    page.evaluate(
        """() => { const text = document.querySelector("#text .b").firstChild;
                   getSelection().setBaseAndExtent(text, 1, text, 4); }"""
    )
    page.keyboard.press("1")
    page.locator(".lead", has_text="1 of 3").wait_for()
    page.reload()
    second = page.locator("#labeling").get_attribute("data-trace")
    assert second != first
    page.keyboard.press("2")
    page.locator(".lead", has_text="2 of 3").wait_for()
    page.wait_for_load_state()
    page.keyboard.press("b")
    page.wait_for_url(f"**id={second}*")
    assert page.locator("[aria-pressed=true]").get_attribute("data-verdict") == "absent"
    lines = (sample_study.path / "human" / "browser.jsonl").read_text().splitlines()
    kept = [json.loads(line) for line in lines]
    text = sample_study.traces(["trace_id", "response"]).set_index("trace_id")["response"]
    assert [(k["trace_id"], k["verdict"], k["spans"], k["quotes"]) for k in kept] == [
        (first, "present", [[1, 4]], [text[first][1:4]]),
        (second, "absent", [], []),
    ]


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_window(visit: Visit, width: int) -> None:
    page = visit.page
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(visit.base + "/traces")
    ids = page.eval_on_selector_all("td.title a", "e => e.map(x => x.getAttribute('href').split('/').pop())")
    category = "flexible_reasoning/logical_connectors"
    addresses = ["/", "/traces", f"/trace/{ids[30]}", f"/side-by-side?id={ids[0]}&id={ids[1]}", "/behaviors"]
    addresses += [
        f"/words?category={category}",
        f"/context?category={category}",
        "/label",
        "/flips",
        "/figures",
    ]
    addresses += ["/label?who=me&behavior=verification"]
    for address in addresses:
        page.goto(visit.base + address)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"{address} is {overflow} px too wide at {width}"


CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !e.getClientRects().length) continue;
    if (e.closest("script, style, option")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) poor.add(`${e.tagName}.${e.className}: ${contrast.toFixed(2)}`);
  }
  return [...poor];
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_the_contrast_of_wcag_aa(visit: Visit, theme: str) -> None:
    page = visit.page
    page.emulate_media(color_scheme=theme)
    page.goto(visit.base + "/traces?kind=distilled")
    ids = page.eval_on_selector_all("td.title a", "e => e.map(x => x.getAttribute('href').split('/').pop())")
    for address in (
        "/",
        "/traces",
        f"/trace/{ids[2]}",
        f"/side-by-side?id={ids[0]}&id={ids[1]}",
        "/behaviors",
        "/label",
    ):
        page.goto(visit.base + address)
        assert page.evaluate(CONTRAST) == [], address


def test_the_report_opens_from_a_file_and_lays_out_a_trace_on_demand(
    browser: Any, sample_study: Study, tmp_path: Path
) -> None:
    made = report.write(sample_study, tmp_path / "report.html", most=30)
    context = browser.new_context(viewport={"width": 390, "height": 800})
    found = Visit(context.new_page(), "file:///")
    found.watch()
    page = found.page
    page.goto(made.path.as_uri())
    assert page.locator("details.trace").count() == 30
    assert page.locator("mark").count() == 0
    page.locator("details.trace", has_text="distilled").first.locator("summary").click()
    page.wait_for_selector("details[open] mark")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.locator("figure img").evaluate_all("all => all.every(x => x.naturalWidth > 0)")
    assert [u for u in found.outside if not u.startswith("data:")] == []
    assert found.said == []
    context.close()


def test_hostile_traces_run_nothing(browser: Any, tmp_path: Path) -> None:
    study = made_study(tmp_path, rows())
    made = report.write(study, tmp_path / "report.html")
    with Served(study) as base:
        for visit in visiting(browser, base):
            page = visit.page
            addresses = ["/", "/traces"] + [f"/trace/{i}" for i in study.traces(["trace_id"])["trace_id"]]
            for address in addresses:
                page.goto(base + address)
                assert page.title() != "pwned"
                assert page.evaluate("document.querySelectorAll('script, iframe, style').length") == 1
            page.goto(base + "/traces")
            for box in (0, 1):
                page.locator("table.list input[type=checkbox]").nth(box).check()
            page.get_by_role("button", name="Side by side").click()
            assert page.title() == "Side by side · reasonlens"
    context = browser.new_context()
    opened = Visit(context.new_page(), "file:///")
    opened.watch()
    opened.page.goto(made.path.as_uri())
    opened.page.evaluate("document.querySelectorAll('details.trace').forEach((d) => { d.open = true; })")
    opened.page.locator("details.trace template").first.wait_for(state="detached")
    assert opened.page.title() == "study · reasonlens report"
    assert [u for u in opened.outside if not u.startswith("data:")] == []
    assert opened.said == []
    context.close()
