"""Figures as inline SVG: no file beside the page, and colours that follow its light or dark."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING

from neglog.plots.style import COLOURS, GRID, INK, SOFT, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["inline_svg"]

# The colours that `neglog.plots` draws with, as variables of the page.
_VARIABLES = {
    INK.lower(): "var(--ink)",
    SOFT.lower(): "var(--soft)",
    GRID.lower(): "var(--line)",
    "#ffffff": "var(--paper)",
    **{colour.lower(): f"var(--c{number})" for number, colour in enumerate(COLOURS)},
}


def inline_svg(drawing: Axes | Figure, name: str, description: str) -> str:
    """Return a figure as an ``<svg>`` element.

    Parameters
    ----------
    drawing : Axes or Figure
        What to draw.
    name : str
        A word that no other figure of the page has: the ids in the element begin with it.
    description : str
        What a reader who cannot see it is told.

    Returns
    -------
    str
        HTML. Text stays text, in the page's font.
    """
    import matplotlib as mpl
    from matplotlib.axes import Axes

    figure = drawing.get_figure(root=True) if isinstance(drawing, Axes) else drawing
    assert figure is not None, "an axes that was removed from its figure cannot be drawn"
    buffer = io.BytesIO()
    with styled():
        mpl.rcParams["svg.fonttype"] = "none"
        mpl.rcParams["svg.hashsalt"] = name  # the same figure gives the same bytes
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue().decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)
    text = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', text)
    for colour, variable in _VARIABLES.items():
        text = re.sub(f"{colour}(?=[;\"'])", variable, text, flags=re.IGNORECASE)
    # Unstyled strokes and letters are black in SVG; here they follow the page.
    text = re.sub(r"font: ([0-9.]+px)[^;\"]*", r"font-size: \1", text)
    text = re.sub(r"font: (bold) ([0-9.]+px)[^;\"]*", r"font-weight: \1; font-size: \2", text)
    box = re.search(r'viewBox="0 0 ([0-9.]+) ([0-9.]+)"', text)
    assert box is not None, "matplotlib writes the size of what it drew"
    opening = (
        f'<svg class="figure" role="img" aria-label="{escape(description)}" {box[0]} '
        f'style="max-width: {1.333 * float(box[1]):.0f}px"'
    )
    return opening + text[text.index(">") :]
