"""The page: one file, nothing fetched, names are text; in a browser it sorts, filters and draws without an error."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mbconv_cli.analysis.diff.diff import diff
from mbconv_cli.analysis.frontier.contenders import Selection, open_contenders
from mbconv_cli.analysis.frontier.frontier import Question, exact_frontier
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.measure.execution import DEFAULT
from mbconv_cli.render.html_page import figures_of, page_with, script_safe
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.document import from_json
from mbconv_cli.report.model import Report
from mbconv_cli.spec.catalogue import user_catalogue

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ERRORS = """<script>
window.problems = [];
addEventListener("error", (event) => problems.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => problems.push(event.violatedDirective));
const said = console.error; console.error = (...words) => { problems.push(words.join(" ")); said(...words); };
</script>"""
PROBE = """<script>
addEventListener("load", () => setTimeout(async () => {
  let blob;
  URL.createObjectURL = (given) => { blob = given; return "#"; };
  document.getElementById("download").click();
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
  const hover = document.querySelectorAll(".hoverlayer .hovertext").length;
  const choice = document.querySelector("select[data-chart]");
  const before = document.getElementById("chart-0").data[0].values[1];
  choice.value = "params"; choice.dispatchEvent(new Event("change"));
  const reached = [...document.querySelectorAll("th button, input, select, [role=region], summary, #download")]
    .every((one) => { one.focus(); return document.activeElement === one; });
  const found = { problems, hover, reached, downloaded: JSON.parse(await blob.text()).kind,
    restyled: before !== document.getElementById("chart-0").data[0].values[1], down, up, left,
    drawn: document.querySelectorAll(".chart .main-svg").length,
    requests: performance.getEntriesByType("resource").length,
    sorted: heads[column].parentElement.getAttribute("aria-sort") };
  const result = document.createElement("pre");
  result.id = "found"; result.textContent = JSON.stringify(found); document.body.append(result);
}, 1500));
</script>"""

EXTENT = """<script>
addEventListener("load", () => setTimeout(() => {
  const charts = [...document.querySelectorAll(".chart .main-svg")];
  const right = Math.max(...charts.map((chart) => chart.getBoundingClientRect().right));
  parent.postMessage({ width: innerWidth, scrolls: document.documentElement.scrollWidth, right,
    charts: charts.length, name: window.name }, "*");
}, 1000));
</script>"""
COLLECT = """<script>
const pages = [];
addEventListener("message", (event) => {
  pages.push(event.data);
  if (pages.length < 6) return;
  const result = document.createElement("pre");
  result.id = "found"; result.textContent = JSON.stringify({ pages }); document.body.append(result);
});
</script>"""


COVERED = """<script>
addEventListener("load", () => setTimeout(() => {
  const texts = [...document.querySelectorAll(".textpoint text, .bartext, .ytick text")];
  const boxes = texts.filter((one) => one.textContent).map((one) => [one.textContent, one.getBoundingClientRect()]);
  const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const covered = boxes.flatMap(([name, box], at) =>
    boxes.slice(at + 1).filter((other) => meet(box, other[1])).map((other) => [name, other[0]]));
  parent.postMessage({ covered, out: boxes.filter(([, box]) => box.right > innerWidth || box.left < 0),
    names: boxes.map(([name]) => name), name: window.name }, "*");
}, 1000));
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
            *("details", "summary", "dl", "dt", "dd", "script", "pre", "figure", "figcaption", "select", "option"),
        }
    assert "</script" not in script_safe(json.dumps(["</script><script>alert(1)"]))


def test_the_icicle_adds_up_on_every_level() -> None:
    report = profile(open_network("efficientnet-b0"), view=View(overview=True))
    (trace,) = figures_of(report)[0]["data"]
    values = dict(zip(trace["ids"], trace["values"], strict=True))
    assert values["all"] == report.totals["macs"]
    for parent in set(trace["parents"]) - {""}:
        within = [value for node, value in values.items() if trace["parents"][trace["ids"].index(node)] == parent]
        assert sum(within) == values[parent]


def test_a_check_begins_with_what_did_not_pass(check: Report) -> None:
    page = page_with(check, library="")
    findings = [attributes["class"] for tag, attributes in tags(page) if tag == "p" and attributes.get("class")]
    assert "finding red" in findings
    assert page.index("512 more than at origin/main") < page.index("<table")
    assert "0 errors" not in page


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium, which CI installs")
def test_in_a_browser_it_sorts_filters_and_draws_without_an_error(page: str, tmp_path: Path) -> None:
    probed = with_probe(page, PROBE)
    found = in_browser(probed, tmp_path)
    assert found["problems"] == []
    assert found["requests"] == 0
    assert found["down"] == sorted(found["down"], reverse=True)
    assert found["up"] == sorted(found["up"])
    assert found["sorted"] == "ascending"
    assert found["left"] == ["stages.1"]
    assert found["drawn"] >= 1
    assert found["hover"] >= 1
    assert found["reached"], "something that acts cannot be reached by keyboard"
    assert found["restyled"]
    assert found["downloaded"] == "profile"


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium, which CI installs")
def test_nothing_stands_out_of_the_page_at_any_width(measured: Report, check: Report, tmp_path: Path) -> None:
    (tmp_path / "profile.html").write_text(with_probe(render(measured, Format.HTML, Style()), EXTENT), encoding="utf-8")
    (tmp_path / "check.html").write_text(with_probe(render(check, Format.HTML, Style()), EXTENT), encoding="utf-8")
    found = in_browser(f"<html><body>{COLLECT}{frames('profile', 'check')}</body></html>", tmp_path)
    assert len(found["pages"]) == 6
    for page in found["pages"]:
        assert page["charts"] >= 1
        assert page["right"] <= page["width"] + 1, page
        assert page["scrolls"] <= page["width"], page


@pytest.mark.skipif(BROWSER is None, reason="needs Chromium, which CI installs")
def test_no_text_of_a_chart_covers_another_at_any_width(tmp_path: Path) -> None:
    opened = [open_network(name) for name in ("mnasnet-a1", "efficientnet-b0")]
    reports = {
        "diff": diff(*opened).report,  # its bars go both ways
        "frontier": exact_frontier(open_contenders(Selection(), [DEFAULT], user_catalogue())[0], Question("macs")),
    }
    for name, report in reports.items():
        (tmp_path / f"{name}.html").write_text(with_probe(render(report, Format.HTML, Style()), COVERED), "utf-8")
    found = in_browser(f"<html><body>{COLLECT}{frames(*reports)}</body></html>", tmp_path)
    for page in found["pages"]:
        assert page["covered"] == [], page["name"]
        assert page["out"] == [], page["name"]
        assert ("tinynet-e" if "frontier" in page["name"] else "-15.86 M") in page["names"]


def frames(*pages: str) -> str:
    """Each page at three widths."""
    return "".join(
        f'<iframe name="{name} {width}" src="{name}.html" style="width:{width}px;height:600px;border:0"></iframe>'
        for name in pages
        for width in (400, 1000, 1600)
    )


def with_probe(page: str, probe: str) -> str:
    return page.replace("<body>", f"<body>{ERRORS}", 1).replace("</body>", f"{probe}</body>")


def in_browser(page: str, folder: Path) -> dict[str, Any]:
    """What a page in a browser writes into its element `found`, as JSON."""
    (folder / "page.html").write_text(page, encoding="utf-8")
    done = subprocess.run(
        [
            *(str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000"),
            *("--window-size=1700,1600", f"--user-data-dir={folder / 'profile'}", "--dump-dom"),
            (folder / "page.html").as_uri(),
        ],
        capture_output=True,
        encoding="utf-8",
        timeout=180,
        check=True,
    )
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stderr[-2_000:]
    found: dict[str, Any] = json.loads(unescape(match[1]))
    return found
