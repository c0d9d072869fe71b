"use strict";
// Small comforts over pages that work without it: theme, sorting, layers, keys, labeling.
(() => {
  const root = document.documentElement;
  const keep = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };
  const kept = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  if (kept("theme")) root.dataset.theme = kept("theme");
  document.getElementById("theme")?.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    keep("theme", root.dataset.theme);
  });

  // Tables: a click on a heading sorts by that column
  const value = (row, column) => {
    const text = row.cells[column].querySelector("a, .kind")?.textContent ?? row.cells[column].textContent;
    const number = parseFloat(text.replace(/[,%]/g, ""));
    return Number.isNaN(number) ? text.trim().toLowerCase() : number;
  };
  const compare = (a, b) => (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1);
  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-label", `Sort by ${head.innerText.replace(/\s+/g, " ")}`);
      if (head.querySelector("a")) button.textContent = "↕";
      else button.append(...head.childNodes);  // a line break in a heading stays one
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => (down ? -1 : 1) * compare(value(a, column), value(b, column)));
        table.tBodies[0].append(...rows);
      });
    });
  }

  // Layers of a trace
  const layers = [...document.querySelectorAll("input[data-layer]")];
  const set = (box) => document.body.classList.toggle(`off${box.dataset.layer}`, !box.checked);
  layers.forEach((box) => { box.addEventListener("change", () => set(box)); set(box); });
  let at = -1;
  const jump = (step) => {
    const on = new Set(layers.filter((box) => box.checked).map((box) => `l${box.dataset.layer}`));
    const marks = [...document.querySelectorAll("mark.first")].filter((mark) => [...mark.classList].some((name) => on.has(name)));
    if (!marks.length) return;
    document.querySelector("mark.here")?.classList.remove("here");
    at = (at + step + marks.length) % marks.length;
    marks[at].classList.add("here");
    marks[at].scrollIntoView({ block: "center" });
  };

  // A report lays out a trace when it is opened
  for (const box of document.querySelectorAll("details.trace")) {
    box.addEventListener("toggle", () => {
      const held = box.querySelector("template");
      if (box.open && held) held.replaceWith(held.content);
    });
  }

  // Searching goes on in the background: look again until it is done
  const searching = document.getElementById("searching");
  if (searching) setTimeout(() => location.reload(), 700);

  // Labeling
  const form = document.getElementById("labeling");
  const offset = (node, within) => {
    const block = (node.nodeType === 3 ? node.parentNode : node).closest(".b");
    if (!block) return null;
    const range = document.createRange();
    range.setStart(block, 0);
    range.setEnd(node, within);
    const held = range.cloneContents();
    held.querySelectorAll(".hidden").forEach((named) => named.replaceWith("x"));  // stands for one character
    return Number(block.dataset.start) + [...held.textContent].length;  // characters, not UTF-16 units
  };
  const span = () => {
    const chosen = getSelection();
    if (!chosen.rangeCount || chosen.isCollapsed) return [];
    const range = chosen.getRangeAt(0);
    const ends = [offset(range.startContainer, range.startOffset), offset(range.endContainer, range.endOffset)];
    return ends.includes(null) || ends[0] >= ends[1] ? [] : [ends];
  };
  const answer = async (verdict) => {
    const said = document.getElementById("said");
    const { who, behavior, trace, n, seed, next } = form.dataset;
    const body = JSON.stringify({ who, behavior, trace_id: trace, verdict, spans: span() });
    try {
      const reply = await fetch(`/label?n=${n}&seed=${seed}`, { method: "POST", body });
      if (reply.ok) { location.assign(next); return; }
      said.textContent = `Not kept: ${(await reply.json()).error}`;
    } catch { said.textContent = "Not kept: the server does not answer. Start it again and repeat."; }
  };
  form?.querySelectorAll("button[data-verdict]").forEach((b) => b.addEventListener("click", () => answer(b.dataset.verdict)));

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT|TEXTAREA/.test(event.target.tagName) && event.target.type !== "checkbox") return;
    if (event.key === "/") { event.preventDefault(); document.getElementById("find")?.focus(); }
    else if (form && /^[123]$/.test(event.key)) answer(form.querySelectorAll("button[data-verdict]")[event.key - 1].dataset.verdict);
    else if (form && event.key === "b") document.getElementById("back")?.click();
    else if (event.key === "n") jump(1);
    else if (event.key === "p") jump(-1);
    else if (/^[1-9]$/.test(event.key) && layers[event.key - 1]) layers[event.key - 1].click();
  });
})();
