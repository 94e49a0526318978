"""A run as one HTML page that needs nothing else: the picture, the summary, and every step in order."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
img { max-width: 100%; height: auto; background: white; border-radius: .4rem }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .3rem .8rem; text-align: left;
vertical-align: top; border-bottom: 1px solid #8884 } .bad { color: #d32f2f; font-weight: bold }
"""

Row = Sequence[str]
Section = tuple[str, Row, Sequence[Row]]
"""A table: its title, head and rows."""


def write(
    path: Path,
    title: str,
    said: str,
    picture: Path,
    tables: Sequence[Section],
    shown: str = "Error over event time",
) -> None:
    """Write the page, with what is `said` under its title, and what the picture shows."""
    image = base64.b64encode(picture.read_bytes()).decode()
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f"<h1>{escape(title)}</h1><p>{escape(said)}</p>",
        f"<img alt='{escape(shown)}' src='data:image/png;base64,{image}'>",
        *(_table(*table) for table in tables),
        "</html>",
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def _table(title: str, head: Row, rows: Sequence[Row]) -> str:
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td{_mark(cell)}>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<h2>{escape(title)}</h2><table><tr>{first}</tr>{body}</table>"


def _mark(cell: str) -> str:
    return " class=bad" if cell in {"does not hold", "stops"} else ""
