"""The pages of the viewer, who may see them, and what they may do."""

from __future__ import annotations

import html
import json
import re
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from reasonlens.core.study import Study
from reasonlens.view.app import make_app
from reasonlens.view.guard import CSP
from reasonlens.view.index import Index
from reasonlens.view.search import Search
from tests.view.making import TOKEN, client_of, made_study

CATEGORY = "flexible_reasoning/anthropomorphic"


def rows_of(page: str) -> list[str]:
    return re.findall(r'href="/trace/([0-9a-f]{24})"', page)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def first_id(index: Index, kind: str = "distilled") -> str:
    traces = index.traces
    return str(traces["trace_id"][traces["model_kind"] == kind].iloc[0])


PAGES = (
    "/",
    "/traces",
    "/words?category=" + CATEGORY,
    "/context?category=" + CATEGORY,
    "/behaviors",
    "/flips",
)


@pytest.mark.parametrize("page", [*PAGES, "/figures", "/label", "/static/view.js", "/nothing"])
def test_every_answer_says_what_may_be_loaded(client: TestClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == (404 if page == "/nothing" else 200)
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in CSP
    assert "default-src 'none'" in CSP


@pytest.mark.parametrize("page", [*PAGES, "/static/view.js", "/figures/x.svg"])
@pytest.mark.parametrize("query", ["", "token=", "token=wrong", "token=%ff"])
def test_without_the_key_nothing_is_shown(sample_study: Study, page: str, query: str) -> None:
    stranger = TestClient(make_app(sample_study, TOKEN))
    answer = stranger.get(page + ("&" if "?" in page else "?") + query)
    assert answer.status_code == 403
    assert answer.text == "Open the address that reasonlens view printed; it holds the key."
    assert answer.headers["content-security-policy"] == CSP


def test_the_key_becomes_a_cookie_and_leaves_the_address(sample_study: Study) -> None:
    visitor = TestClient(make_app(sample_study, TOKEN, 4711), base_url="http://127.0.0.1:4711")
    answer = visitor.get(f"/traces?kind=base&token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"] == "/traces?kind=base"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"reasonlens-4711={TOKEN};")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    away = visitor.get(f"http://127.0.0.1:4711//example.org/?token={TOKEN}", follow_redirects=False)
    assert away.headers["location"].startswith("/example.org")
    assert visitor.get("/traces").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost:4711.evil.example", ""]
)
def test_another_host_is_turned_away(sample_study: Study, host: str) -> None:
    visitor = TestClient(make_app(sample_study, TOKEN, 4711), base_url="http://127.0.0.1:4711")
    assert visitor.get(f"/?token={TOKEN}").status_code == 200
    assert visitor.get(f"/?token={TOKEN}", headers={"host": host}).status_code == 421
    assert visitor.get("/", headers={"host": "localhost:4711"}).status_code == 200


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://127.0.0.1:4712"])
def test_only_its_own_pages_may_label(sample_study: Study, sample_index: Index, origin: str | None) -> None:
    visitor = TestClient(make_app(sample_study, TOKEN, 4711), base_url="http://127.0.0.1:4711")
    visitor.get(f"/?token={TOKEN}")
    label = {
        "who": "mallory",
        "behavior": "verification",
        "trace_id": first_id(sample_index),
        "verdict": "absent",
    }
    headers = {"origin": origin} if origin else {}
    assert visitor.post("/label", content=json.dumps(label), headers=headers).status_code == 403
    assert not (sample_study.path / "human" / "mallory.jsonl").exists()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_pages_are_for_reading(client: TestClient, method: str) -> None:
    answer = client.request(method, "/traces", headers={"origin": "http://testserver"})
    assert answer.status_code == 405


def test_the_overview_shows_rates_with_links_to_their_traces(client: TestClient) -> None:
    page = client.get("/").text
    assert "79 traces" in text_of(page)
    link = html.unescape(re.search(r'href="(/traces\?[^"]*category=[^"]*)">[1-9]', page)[1])  # type: ignore[index]
    listed = client.get(link).text
    assert rows_of(listed)
    assert "5 of" not in text_of(page).split("Left out")[0]
    said = text_of(page)
    assert "Left out or in doubt 4 truncated 3 looping 1 empty 1 no reasoning 0 correctness unknown" in said
    assert "No answer was unparsed, refused or failed." in said


def test_the_overview_has_pages_of_a_hundred_rows(tmp_path: Path) -> None:
    rows = [{"model": f"m{i:03d}", "problem": "p", "response": "wait"} for i in range(103)]
    visitor = client_of(made_study(tmp_path, rows))
    first, second = (text_of(visitor.get(f"/?start={start}").text) for start in (0, 100))
    assert "m099" in first
    assert "m100" not in first
    assert "1–100 of 103 next →" in first
    assert "m102" in second
    assert "← previous 101–103 of 103" in second


def test_a_list_has_at_most_a_hundred_rows_and_pages(sample_study: Study) -> None:
    from reasonlens.view import site

    visitor = client_of(sample_study)
    assert site.PAGE == 100
    everything = rows_of(visitor.get("/traces").text)
    assert len(everything) == 79
    assert rows_of(visitor.get("/traces?start=70").text) == everything[70:]
    assert visitor.get("/traces?start=x&descending=1&sort=nonsense").status_code == 200
    assert "Nothing fits." in visitor.get("/traces?kind=nobody").text


def test_filters_reach_the_list(client: TestClient, sample_index: Index) -> None:
    found = rows_of(client.get("/traces?kind=base&health=looping").text)
    traces = sample_index.traces
    mine = traces[(traces["model_kind"] == "base") & traces["health"].astype("str").str.contains("looping")]
    assert sorted(found) == sorted(mine["trace_id"])
    assert len(found) == 2


def test_a_search_finds_what_the_texts_hold(client: TestClient, sample_study: Study) -> None:
    texts = sample_study.traces(["trace_id", "response"]).set_index("trace_id")["response"]
    for words in ("Let me check", "wait", "168", "(", "\\", "nowhere to be found"):
        found = rows_of(client.get("/traces", params={"query": words}).text)
        assert sorted(found) == sorted(
            texts.index[texts.str.lower().str.contains(words.lower(), regex=False)]
        )


def test_searches_are_done_once_and_end(sample_index: Index) -> None:
    search = Search(sample_index)
    first = search("wait")
    assert first.done.wait(10)
    assert search(" wait ") is first
    assert first.read == first.parts == 1
    before = threading.active_count()
    for i in range(20):
        search(f"word {i}").done.wait(10)
    assert search("wait") is not first  # forgotten in favor of later ones
    assert threading.active_count() <= before + 2


def test_a_trace_is_shown_with_marks_labels_and_its_record(client: TestClient, sample_index: Index) -> None:
    labels = sample_index.study.read("labels").to_pylist()
    label = next(row for row in labels if row["verdict"] == "present" and row["behavior"] == "verification")
    page = client.get(f"/trace/{label['trace_id']}").text
    quote = label["quotes"][0]["surface"]
    assert f"<blockquote>{html.escape(quote)}</blockquote>" in page.replace("&#34;", "&quot;")
    assert '<h2 class="part">reasoning</h2>' in page
    assert 'class="strip"' in page
    assert "Raw record" in page
    response = sample_index.study.traces(["trace_id", "response"]).set_index("trace_id")["response"]
    shown = re.findall(r'<div class="b" id="b\d+">(.*?)</div>', page, re.DOTALL)
    plain = html.unescape(re.sub(r"<[^>]+>", "", "".join(shown)))
    assert plain == response[label["trace_id"]]
    assert client.get("/trace/nothing").status_code == 404
    assert "this study has no trace" in html.unescape(client.get("/trace/nothing").text)


def test_side_by_side_holds_both_texts(client: TestClient, sample_index: Index) -> None:
    one, two = first_id(sample_index), first_id(sample_index, "teacher")
    page = client.get(f"/side-by-side?id={one}&id={two}&id={one}").text
    assert page.count("only here") >= 2
    assert f"/trace/{one}" in page
    assert f"/trace/{two}" in page
    assert client.get(f"/side-by-side?id={one}").status_code == 404
    assert "name two or three traces" in client.get("/side-by-side").text


def test_a_different_problem_is_named(client: TestClient, sample_index: Index) -> None:
    traces = sample_index.traces.drop_duplicates("problem_id")["trace_id"].tolist()
    same = sample_index.traces[sample_index.traces["problem_id"] == sample_index.traces["problem_id"][0]]
    warning = "These are traces of different problems."
    assert warning in client.get(f"/side-by-side?id={traces[0]}&id={traces[1]}").text
    both = same["trace_id"].tolist()[:2]
    assert warning not in client.get(f"/side-by-side?id={both[0]}&id={both[1]}").text


def test_a_word_leads_to_its_contexts_and_those_to_traces(client: TestClient) -> None:
    page = client.get("/words", params={"category": "flexible_reasoning/logical_connectors"}).text
    link = html.unescape(re.search(r'href="(/context\?[^"]*entry=but)"', page)[1])  # type: ignore[index]
    lines = client.get(link).text
    hits = re.findall(r'<td class="hit"><a href="/trace/[0-9a-f]{24}">([^<]+)</a>', lines)
    assert 1 < len(hits) <= 25
    assert {hit.lower() for hit in hits} == {"but"}
    for page_name in ("words", "context"):
        answer = client.get(f"/{page_name}", params={"category": "no/such"})
        assert answer.status_code == 404
        assert "see the overview" in answer.text


def test_flips_lead_side_by_side(two_conditions: Study) -> None:
    visitor = client_of(two_conditions)
    page = visitor.get("/flips").text
    assert "2 pairs of the same problem" in text_of(page)
    link = html.unescape(re.search(r'href="(/side-by-side[^"]+)"', page)[1])  # type: ignore[index]
    assert "ban-wait" in visitor.get(link).text
    assert "Condition" in visitor.get("/traces").text


def test_figures_are_served_from_the_study_alone(two_conditions: Study) -> None:
    folder = two_conditions.path / "figures"
    folder.mkdir()
    (folder / "rates.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (two_conditions.path / "secret.svg").write_text("secret")
    visitor = client_of(two_conditions)
    assert 'src="/figures/rates.svg"' in visitor.get("/figures").text
    assert visitor.get("/figures/rates.svg").headers["content-type"] == "image/svg+xml"
    for name in ("..%2fsecret.svg", "../secret.svg", "rates.pdf", "nothing.svg", "%2e%2e/secret.svg"):
        answer = visitor.get(f"/figures/{name}")
        assert answer.status_code == 404
        assert "secret" not in answer.text or "has no figure" in answer.text


def test_a_problem_address_leads_to_its_traces(client: TestClient, sample_index: Index) -> None:
    problem = str(sample_index.traces["problem_id"][0])
    answer = client.get(f"/problem/{problem}")
    expected = (sample_index.traces["problem_id"] == problem).sum()
    assert len(rows_of(answer.text)) == expected > 1
