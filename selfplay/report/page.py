"""The frame of a page: one file that needs no network, no library and no other file."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path

from engine.files import write_atomic
from selfplay.report.board_svg import BOARD_STYLE
from selfplay.report.charts import Chart, legend, svg


def page(title: str, body: str, *, scripted: bool = True) -> str:
    """Return a whole HTML page around a body, with its style inside.

    Without ``scripted`` it holds no script: charts show no values under the pointer then, and
    games cannot be stepped through.
    """
    folder = resources.files("selfplay") / "report"
    style = (folder / "page.css").read_text(encoding="utf-8") + BOARD_STYLE
    script = (folder / "page.js").read_text(encoding="utf-8") if scripted else ""
    end = f'<div id="tip"></div>\n<script>\n{script}</script>' if scripted else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n"
        f"<body><main>\n{body}\n</main>{end}</body></html>\n"
    )


def write_page(path: Path, html: str) -> None:
    """Write a page, whole or not at all.

    Raises:
        OSError: if the disk is full or the folder not writable.
    """
    write_atomic(path, html.encode())


def section(title: str, lead: str, *parts: str) -> str:
    """A heading, a sentence on what is seen, and the parts; nothing if all parts are empty."""
    content = "\n".join(part for part in parts if part)
    if not content:
        return ""
    return f"<section><h2>{escape(title)}</h2>\n<p>{escape(lead)}</p>\n{content}</section>\n"


def card(title: str, text: str, chart: Chart, *, named: bool = True) -> str:
    """A chart with its title, what it means, and a legend if it has several curves to name."""
    picture = svg(chart)
    if not picture:
        return ""
    keys = legend(chart.lines) if named and len(chart.lines) > 1 else ""
    return f'<div class="card"><h3>{escape(title)}</h3><p>{escape(text)}</p>{keys}{picture}</div>\n'


def grid(*cards: str, wide: bool = False) -> str:
    """Cards side by side as far as there is room."""
    shown = "".join(cards)
    return f'<div class="grid{" two" if wide else ""}">{shown}</div>' if shown else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text; nothing if it has no rows."""
    if not rows:
        return ""
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>\n{lines}</tbody></table></div>"
    )


def folded(summary: str, content: str) -> str:
    """Something to unfold; nothing if it is empty."""
    if not content:
        return ""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"
