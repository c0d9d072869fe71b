"""Traces that attack whoever looks at them."""

from __future__ import annotations

from typing import Any

SCRIPT = "<script>document.title='pwned'</script>"
ATTACKS = {
    "script": SCRIPT,
    "end of script": "</script></style></template></title></textarea><script>document.title='pwned'</script>",
    "handler": "<img src=x onerror=\"document.title='pwned'\"><svg onload=document.title='pwned'>",
    "attribute": "\" onmouseover=\"document.title='pwned'\" x='",
    "link": "[wait](javascript:document.title='pwned') <a href=\"javascript:alert(1)\">but</a>",
    "frame": '<iframe src="http://evil.example/"></iframe><img src="http://evil.example/x.png">',
    "style": "<style>body{display:none}</style><link rel=stylesheet href=http://evil.example/x.css>",
    "refresh": "<meta http-equiv=refresh content='0;url=http://evil.example/'>",
    "bidi": "user\u202etxt.exe\u2066 wait \u2069\u200b\u200e\ufeff but",
    "ansi": "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b31m wait\x08\x7f\r",
    "nul": "before\x00after wait",
    "template": "{{ 7 * 7 }} {% raw %} {# x #} ${7*7} <%= 7*7 %> wait %s {0}",
    "entity": "&lt;script&gt;&#x3c;b&#x3e; &amp;",
    "markdown": "| a | `b` | **c** ~~d~~ # e\n\n---\n[x]: javascript:alert(1)",
    "formula": '=HYPERLINK("http://evil.example","wait")',
    "names": "../../etc/passwd %2e%2e/ ..\\..\\ C:\\x \\\\host\\share",
}
FORMULAS = ("=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\uff1d1+1")


def rows() -> list[dict[str, Any]]:
    """Return the corpus: each attack in every text field, by two models, and names that are formulas."""
    found = [
        {
            "model": f"{attack}" if kind == "base" else f"{name} model",
            "model_kind": kind,
            "benchmark": attack[:60],
            "problem_id": f"../{name}",
            "problem": attack,
            "gold": attack[:40],
            "finish_reason": "stop",
            "response": f"{attack}\n\nWait, {attack} but so.\n\n{attack}",
            "correct": kind == "base",
        }
        for name, attack in ATTACKS.items()
        for kind in ("base", "distilled")
    ]
    named = ("model", "benchmark", "problem_id", "problem")
    found += [
        {**dict.fromkeys(named, text), "model_kind": "teacher", "response": f"{text} wait"}
        for text in FORMULAS
    ]
    return found
