"""A report as people read it first: sections that have an excerpt show that."""

from __future__ import annotations

from dataclasses import replace

from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Excerpt, Report, Section


def for_people(report: Report, style: Style) -> Report:
    """The report with the excerpt in place of each section that has one; as it is with `--verbose`.

    An excerpt of the name and the rows of its section shortens cells alone: with `--exact` these are shown in full.
    """
    if style.verbose:
        return report
    sections: dict[str, Section] = {}
    for name, section in report.sections.items():
        match section.excerpt:
            case None:
                sections[name] = section
            case Excerpt(title, rows) if style.exact and title == name and len(rows) == len(section.rows):
                sections[name] = section
            case Excerpt(title, rows) if rows:
                sections[title or name] = replace(section, rows=rows)
    return replace(report, sections=sections)
