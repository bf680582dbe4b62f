"""How figures look: one small set of rules, colours that colour-blind readers can tell apart, no pyplot state."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "ACCENT", "COLOURS", "GRID", "INK", "SOFT", "axes_of", "direction", "new_figure", "plain_text", "shorten", "styled",
]  # fmt: skip  # one screen of names

# Okabe and Ito's palette, without its yellow, which white paper swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
ACCENT = COLOURS[0]
INK, SOFT, GRID = "#21272f", "#6b7480", "#dfe3e8"

_RULES: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": SOFT,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.unicode_minus": True,
    "figure.dpi": 110,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "savefig.bbox": "tight",
    "text.color": INK,
    "text.usetex": False,
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 9,
}


_CJK = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Heiti TC", "Microsoft YaHei",
    "SimHei", "WenQuanYi Micro Hei", "Arial Unicode MS",
)  # fmt: skip  # one screen of names


@contextmanager
def styled() -> Iterator[None]:
    """Draw (and save) under these rules; the caller's settings come back afterwards."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        # A name in a script that no installed font has: a box is drawn, and that is all there is to do.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        mpl.rcParams.update(_RULES)
        mpl.rcParams["font.family"] = ["DejaVu Sans", *_other_scripts()]
        yield


@cache
def _other_scripts() -> tuple[str, ...]:
    """Return an installed font with Chinese, Japanese and Korean letters, if there is one."""
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return tuple(name for name in _CJK if name in installed)[:1]


def new_figure(width: float = 6.4, height: float = 3.6) -> Figure:
    """Return an empty figure that belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def axes_of(ax: Axes | None, width: float = 6.4, height: float = 3.6) -> Axes:
    """Return the given axes, or one of a new figure."""
    return new_figure(width, height).add_subplot() if ax is None else ax


def direction(ax: Axes, grid: str) -> None:
    """Keep the grid lines of one direction, ``"x"`` or ``"y"``."""
    ax.grid(False)
    ax.grid(True, axis="x" if grid == "x" else "y")


def plain_text(ax: Axes) -> None:
    """Take what is written on an axes literally: a dollar sign in a name is not the start of a formula."""
    legend = ax.get_legend()
    for text in (ax.title, *ax.texts, *(legend.get_texts() if legend is not None else ())):
        text.set_parse_math(False)


def shorten(name: str, longest: int = 36) -> str:
    """Cut a long name in the middle, where names that share a beginning still differ."""
    line = "".join(char if char.isprintable() else "?" for char in name)
    if len(line) <= longest:
        return line
    tail = longest // 2
    return f"{line[: longest - tail - 1]}…{line[-tail:]}"
