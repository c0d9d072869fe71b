"""Time the viewer and the report on a study of many traces, made from real ones by repetition.

    python benchmarks/view/run.py TRACES.jsonl.gz... --traces 100000 --work FOLDER

Every repetition has its own model name, hence its own ids. Writes results.json beside this file.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
LONG = 160_000  # characters of the longest trace of the study


def rows(files: list[Path], n: int) -> Iterator[dict[str, Any]]:
    """Yield `n` rows of the files, over and over under other names; the first is a long one."""
    lines = [line for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    held = [json.loads(line) for line in lines]
    longest = max(held, key=lambda row: len(row["response"]))
    text = (longest["response"] * (LONG // len(longest["response"]) + 1))[:LONG]
    yield {**longest, "response": text, "model": "long/trace"}
    for i in range(n - 1):
        row = held[i % len(held)]
        yield {**row, "model": f"{row['model']}-copy{i // len(held)}"}


def make(files: list[Path], study: Path, n: int) -> float:
    """Count a study of `n` traces; return the seconds."""
    import reasonlens

    path = study.with_suffix(".jsonl")
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in rows(files, n))
    start = time.perf_counter()
    reasonlens.tokens([path], study=study)
    path.unlink()
    return time.perf_counter() - start


def milliseconds(work: Callable[[], Any], times: int = 7) -> dict[str, float]:
    """Return the first and the median time of `work`."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - start))
    return {"first": round(taken[0], 1), "median": round(statistics.median(taken[1:]), 1)}


def memory(pid: int) -> float:
    """Return the resident megabytes of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def served(study: Path) -> dict[str, Any]:
    """Time the pages of the real command, over HTTP, then in a browser."""
    import re
    import subprocess
    import sys

    call = [sys.executable, "-m", "reasonlens", "view", str(study), "--no-browser"]
    start = time.perf_counter()
    with subprocess.Popen(call, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = re.search(r"http\S+", process.stdout.readline())[0]  # type: ignore[index]
            found: dict[str, Any] = {"start_s": round(time.perf_counter() - start, 1)}
            found["memory_mb_at_start"] = memory(process.pid)
            base = url.partition("/?")[0]
            with httpx.Client(base_url=base, follow_redirects=True, timeout=120) as visitor:
                start = time.perf_counter()
                visitor.get(url)
                found["overview_first_s"] = round(time.perf_counter() - start, 1)
                found |= pages(visitor)
                long = re.search(r"/trace/\w+", visitor.get("/traces?model=long/trace").text)[0]  # type: ignore[index]
                found["server_ms"]["long trace"] = milliseconds(lambda: visitor.get(long))
                trace_ids = re.findall(r"/trace/(\w+)", visitor.get("/traces?sort=words&descending=1").text)
                for trace_id in dict.fromkeys(trace_ids):
                    visitor.get(f"/trace/{trace_id}")
            found["memory_mb_after"] = memory(process.pid)
            found["browser_ms"] = browsed(url, base, long)
        finally:
            process.terminate()
    return found


def pages(visitor: httpx.Client) -> dict[str, Any]:
    """Time lists, filters, searches."""
    category = "flexible_reasoning/anthropomorphic"
    addresses = {
        "overview": "/",
        "list": "/traces",
        "list, last page": "/traces?start=99000",
        "filter": f"/traces?kind=distilled&category={category}&correct=yes&health=ok",
        "filter and sort": f"/traces?kind=distilled&category={category}&sort=hits&descending=1",
        "context": f"/context?category={category}&entry=wait",
        "words": f"/words?category={category}",
        "flips": "/flips",
    }
    times = {name: milliseconds(lambda a=address: visitor.get(a)) for name, address in addresses.items()}
    start = time.perf_counter()
    first = visitor.get("/traces?query=let me double check")
    answered = time.perf_counter() - start
    while not visitor.get("/traces?query=let me double check&format=json").json()["done"]:
        time.sleep(0.1)
    done = time.perf_counter() - start
    assert first.status_code == 200
    times["list of a search that is done"] = milliseconds(
        lambda: visitor.get("/traces?query=let me double check")
    )
    return {"server_ms": times, "search_s": {"first answer": round(answered, 2), "all read": round(done, 1)}}


def browsed(url: str, base: str, long: str) -> dict[str, float]:
    """Time from the click to the laid-out page in Chromium, and count what is in it."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        found = {}
        for name, address in (("long trace", long), ("list", "/traces"), ("overview", "/")):
            taken = []
            for _ in range(5):
                page.goto("about:blank")
                start = time.perf_counter()
                page.goto(base + address)
                page.evaluate(
                    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
                )
                taken.append(1000 * (time.perf_counter() - start))
            found[name] = round(statistics.median(taken), 1)
        page.goto(f"{base}/traces")
        found["rows of a list"] = page.locator("table.list tbody tr").count()
        browser.close()
    return found


def reported(study: Path, path: Path) -> dict[str, Any]:
    """Time the report, and opening it from its file."""
    from reasonlens.core.study import Study
    from reasonlens.view.report import write

    start = time.perf_counter()
    made = write(Study(study), path)
    found: dict[str, Any] = {
        "seconds": round(time.perf_counter() - start, 1),
        "mb": round(made.size / 1e6, 2),
    }
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        start = time.perf_counter()
        page.goto(path.resolve().as_uri())
        found["open_ms"] = round(1000 * (time.perf_counter() - start), 1)
        browser.close()
    return {**found, "traces": made.n_traces}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--work", type=Path, required=True, help="An empty folder; the study stays there.")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    study = given.work / f"study-{given.traces}"
    results: dict[str, Any] = {
        "traces": given.traces,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }
    if not study.exists():
        results["make_s"] = round(make(given.files, study, given.traces), 1)
    results |= served(study)
    results["report"] = reported(study, given.work / "report.html")
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
