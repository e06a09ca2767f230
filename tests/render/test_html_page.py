"""The page: one file, nothing fetched, names are text; in a browser it sorts, filters and draws without an error."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mbconv_cli.analysis.diff.diff import diff
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.render.html_charts import charts, script_safe
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.document import from_json
from mbconv_cli.report.model import Report

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ERRORS = """<script>
window.problems = [];
addEventListener("error", (event) => problems.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective));
const said = console.error; console.error = (...words) => { problems.push(words.join(" ")); said(...words); };
</script>"""
PROBE = """<script>
addEventListener("load", () => setTimeout(() => {
  const table = document.querySelector("table");
  const heads = [...table.querySelectorAll("th button")];
  const column = heads.findIndex((one) => one.textContent === "MACs");
  const read = () => [...table.tBodies[0].rows].map((row) => Number(row.cells[column].dataset.value));
  heads[column].click(); const down = read();
  heads[column].click(); const up = read();
  const field = document.querySelector("input[type=search]");
  field.value = "stages.1"; field.dispatchEvent(new Event("input"));
  const left = [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.cells[0].textContent);
  const slice = document.querySelector(".chart .slice path, .chart path.surface");
  const box = slice.getBoundingClientRect();
  for (const kind of ["mouseover", "mousemove"])
    slice.dispatchEvent(new MouseEvent(kind, { bubbles: true, clientX: box.x + 4, clientY: box.y + 4 }));
  const found = { problems, down, up, left, drawn: document.querySelectorAll(".chart .main-svg").length,
    hover: document.querySelectorAll(".hoverlayer .hovertext").length,
    requests: performance.getEntriesByType("resource").length,
    sorted: heads[column].parentElement.getAttribute("aria-sort") };
  const result = document.createElement("pre");
  result.id = "found"; result.textContent = JSON.stringify(found); document.body.append(result);
}, 1500));
</script>"""


@pytest.fixture(scope="module")
def page() -> str:
    report = profile(open_network("mobilenet-v3-small"), view=View(overview=True))
    return render(report, Format.HTML, Style())


class Tags(HTMLParser):
    """Every element's name and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.found


def test_nothing_is_fetched_from_anywhere(page: str) -> None:
    for tag, attributes in tags(page):
        assert tag not in {"link", "iframe", "img", "object"}
        assert not {"src", "href"} & attributes.keys()
    assert "default-src 'none'" in page


def test_the_whole_report_travels_within(page: str) -> None:
    match = re.search(r'<script type="application/json" id="report">(.*?)</script>', page, re.DOTALL)
    assert match
    report = from_json(match[1].replace("\\u003c", "<"), "page")
    assert report.totals["macs"] == 56_510_400


def test_hostile_names_are_nothing_but_text(hostile: Report, hostile_check: Report) -> None:
    for report in (hostile, hostile_check):
        text = render(report, Format.HTML, Style())
        assert {tag for tag, _ in tags(text)} <= {
            *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "span", "figure", "section"),
            *("label", "input", "div", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "button", "ul", "li"),
            *("details", "summary", "dl", "dt", "dd", "script", "pre"),
        }
    assert "</script" not in script_safe(json.dumps(["</script><script>alert(1)"]))


def test_the_icicle_adds_up_on_every_level() -> None:
    report = profile(open_network("efficientnet-b0"), view=View(overview=True))
    (trace,) = charts(report)[0]["data"]
    values = dict(zip(trace["ids"], trace["values"], strict=True))
    assert values["all"] == report.totals["macs"]
    for parent in set(trace["parents"]) - {""}:
        within = [value for node, value in values.items() if trace["parents"][trace["ids"].index(node)] == parent]
        assert sum(within) == values[parent]


def test_a_measured_profile_with_limits_has_a_roofline(measured: Report) -> None:
    titles = [chart["layout"]["title"]["text"] for chart in charts(measured)]
    assert titles == ["stage, block, layer"]
    both = open_network("mobilenet-v1"), open_network("mobilenet-v2")
    assert [chart["layout"]["title"]["text"] for chart in charts(diff(*both).report)] == ["change in percent"]


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium, which CI installs")
def test_in_a_browser_it_sorts_filters_and_draws_without_an_error(page: str, tmp_path: Path) -> None:
    probed = page.replace("<body>", f"<body>{ERRORS}", 1).replace("</body>", f"{PROBE}</body>")
    (tmp_path / "page.html").write_text(probed, encoding="utf-8")
    done = subprocess.run(
        [
            *(str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000"),
            *("--window-size=1000,1600", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"),
            (tmp_path / "page.html").as_uri(),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=True,
    )
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr[-2_000:]
    found: dict[str, Any] = json.loads(match[1].replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&"))
    assert found["problems"] == []
    assert found["requests"] == 0
    assert found["down"] == sorted(found["down"], reverse=True)
    assert found["up"] == sorted(found["up"])
    assert found["sorted"] == "ascending"
    assert found["left"] == ["stages.1"]
    assert found["drawn"] >= 1
    assert found["hover"] >= 1
