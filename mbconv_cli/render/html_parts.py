"""The style and the script of a page: light and dark, printable, tables that sort and filter, charts that resize."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --good: #18794e; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --good: #4cc38a; --bad: #ff8b7e; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 78rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin-bottom: 0.3rem; }
.headline { font-size: 1.2rem; font-weight: 600; }
.warning { border-left: 4px solid #d97706; padding-left: 0.6rem; }
.green { color: var(--good); } .red { color: var(--bad); }
.wide { overflow-x: auto; max-height: 34rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
td.number { text-align: right; }
th { position: sticky; top: 0; background: Canvas; }
th button { font: inherit; font-weight: 600; border: 0; background: none; color: inherit; cursor: pointer; padding: 0; }
th[aria-sort=ascending] button::after { content: " \u25b2"; }
th[aria-sort=descending] button::after { content: " \u25bc"; }
tfoot td { font-weight: 600; }
pre { overflow-x: auto; padding: 0.6rem; border: 1px solid var(--line); }
.chart { margin: 1rem 0; min-height: 24rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; overflow-wrap: anywhere; } dd { margin: 0; }
@media print { .wide { max-height: none; overflow: visible; } label, button#download { display: none; } }
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
const ink = getComputedStyle(document.body).color;
charts.forEach((chart, index) => {
  const layout = Object.assign({ paper_bgcolor: "transparent", plot_bgcolor: "transparent",
    font: { color: ink }, margin: { t: 48, r: 16 } }, chart.layout);
  Plotly.newPlot("chart-" + index, chart.data, layout, { responsive: true, displaylogo: false });
});
document.getElementById("download").addEventListener("click", () => {
  const link = document.createElement("a");
  const text = document.getElementById("report").textContent;
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = "report.json";
  link.click();
});
"""
