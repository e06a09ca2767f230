"""The style and the script of a page: light and dark, printable, tables that sort and filter, charts that resize."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --good: #18794e; --bad: #b42318; --warn: #b45309; }
@media (prefers-color-scheme: dark) { :root { --good: #4cc38a; --bad: #ff8b7e; --warn: #fbbf24; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 78rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-bottom: 0.3rem; }
.headline { font-size: 1.2rem; font-weight: 600; }
.finding { border-left: 4px solid; padding-left: 0.6rem; margin: 0.4rem 0; overflow-wrap: anywhere; }
.green { color: var(--good); } .red { color: var(--bad); } .yellow { color: var(--warn); }
p.finding { color: inherit; border-color: var(--warn); }
p.finding.green { border-color: var(--good); } p.finding.red { border-color: var(--bad); }
.wide { overflow-x: auto; max-height: 34rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
td.number, th.number { text-align: right; }
td.long { white-space: normal; min-width: 16rem; }
th { position: sticky; top: 0; background: Canvas; }
th button { font: inherit; font-weight: 600; border: 0; background: none; color: inherit; cursor: pointer; padding: 0; }
th[aria-sort=ascending] button::after { content: " \u25b2"; }
th[aria-sort=descending] button::after { content: " \u25bc"; }
td:first-child { position: sticky; left: 0; background: Canvas; }
tfoot td { font-weight: 600; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid var(--line); }
figure { margin: 1.5rem 0; } figure h2 { display: inline; margin-right: 1rem; }
.chart { max-width: 100%; overflow: hidden; }
:focus-visible { outline: 2px solid Highlight; outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; overflow-wrap: anywhere; } dd { margin: 0; }
@media print { :root { color-scheme: light; } figure, tr { break-inside: avoid; } }
@media print { .wide { max-height: none; overflow: visible; } label, button#download, select { display: none; } }
@media (max-width: 40rem) { main { padding: 0.6rem; } dl { grid-template-columns: 1fr; } dd { margin-left: 1rem; } }
"""

SCRIPT: Final = """
const value = (row, column) => {
  const cell = row.cells[column];
  return "value" in cell.dataset ? Number(cell.dataset.value) : cell.textContent;
};
for (const table of document.querySelectorAll("table")) {
  table.querySelectorAll("th button").forEach((button, column) => button.addEventListener("click", () => {
    const heading = button.parentElement;
    const down = heading.getAttribute("aria-sort") !== "descending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const sorted = [...body.rows].sort((one, two) => {
      const [a, b] = [value(one, column), value(two, column)];
      const numbers = typeof a === "number" && typeof b === "number";
      const order = numbers ? a - b : String(a).localeCompare(String(b));
      return down ? -order : order;
    });
    body.append(...sorted);
  }));
}
for (const field of document.querySelectorAll("input[data-table]")) {
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    for (const row of document.getElementById("table-" + field.dataset.table).tBodies[0].rows)
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
const drawn = charts.map((chart, index) => document.getElementById("chart-" + index));
const ink = (dark) => ({ "font.color": dark ? "#e8eaed" : "#202124" });
const scheme = matchMedia("(prefers-color-scheme: dark)");
const recolour = (dark) => drawn.forEach((place) => Plotly.relayout(place, ink(dark)));
// A name stands beside its point where it covers no other point or name; else a pointer or a touch shows it.
const sides = ["top left", "bottom right", "top right", "bottom left"];
const within = (box, room) =>
  box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const beside = (point, { width, height }, side) => {
  const gap = 4;
  const left = side.endsWith("left") ? point.left - gap - width : point.right + gap;
  const top = side.startsWith("top") ? point.top - height : point.bottom;
  return { left, right: left + width, top, bottom: top + height };
};
const boxes = (place, parts) => [...place.querySelectorAll(parts)].map((part) => part.getBoundingClientRect());
const placeNames = (place, traces, sizes) => {
  const room = place.querySelector(".nsewdrag").getBoundingClientRect();
  const taken = boxes(place, ".scatterlayer path.point");
  const groups = [...place.querySelectorAll(".scatterlayer .trace")];
  traces.forEach((trace, index) => {
    const group = place.data[index].visible === "legendonly" ? null : groups.shift();
    if (!group || !trace.text) return;
    const points = boxes(group, "path.point");
    const chosen = trace.text.map((name, at) => name && sides.find((side) => {
      const box = beside(points[at], sizes[index][at], side);
      if (!within(box, room) || taken.some((other) => meet(box, other))) return false;
      return taken.push(box);
    }));
    const text = trace.text.map((name, at) => chosen[at] ? name : "");
    Plotly.restyle(place, { text: [text], textposition: [chosen.map((side) => side || sides[0])] }, [index]);
  });
};
const keepNamesApart = (place, traces) => {
  const drawn = boxes(place, ".textpoint text");
  const sizes = traces.map((trace) => trace.text && trace.text.map((name) => name ? drawn.shift() : null));
  let width;
  const whenWidthChanges = () => {  // to place them draws the chart again
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    placeNames(place, traces, sizes);
  };
  place.on("plotly_afterplot", whenWidthChanges);
  whenWidthChanges();
};
charts.forEach((chart, index) => {
  const font = { color: ink(scheme.matches)["font.color"] };
  const clear = { paper_bgcolor: "transparent", plot_bgcolor: "transparent", font };
  const traces = structuredClone(chart.data);  // plotly changes what it is given
  const plotted = Plotly.newPlot(drawn[index], chart.data, Object.assign(clear, chart.layout),
    { responsive: true, displaylogo: false, displayModeBar: false });
  if (traces.some((trace) => trace.mode && trace.text)) plotted.then(() => keepNamesApart(drawn[index], traces));
});
scheme.addEventListener("change", () => recolour(scheme.matches));
addEventListener("beforeprint", () => recolour(false));
addEventListener("afterprint", () => recolour(scheme.matches));
for (const choice of document.querySelectorAll("select[data-chart]")) {
  const index = Number(choice.dataset.chart);
  choice.addEventListener("change", () =>
    Plotly.restyle(drawn[index], { values: [charts[index].choices[choice.value]] }));
}
document.getElementById("download").addEventListener("click", () => {
  const link = document.createElement("a");
  const text = document.getElementById("report").textContent;
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "report.json";
  link.click();
});
"""
