"""Charts as inline SVG: drawn by matplotlib without a browser or a display, coloured by the page's style sheet."""

import io
import re
import warnings
from collections.abc import Callable
from itertools import count
from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from radray.pages.visible import visible

INK, MUTED, GRID, PAPER = "#010201", "#010202", "#010203", "#010204"
"""Placeholders for the page's colours in a drawing (`--ink` and so on), which follow light or dark mode."""
_NAMES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", PAPER: "--paper"}
SERIES = tuple(f"#0103{n:02x}" for n in range(1, 9))
"""Placeholders for `--s1` to `--s8`."""
_NAMES |= {color: f"--s{n}" for n, color in enumerate(SERIES, 1)}
DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))
"""Line styles, so that lines can be distinguished without colour."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

WIDTH = 4.5
"""Width of every panel in inches: legible at full size on a phone, two side by side on a laptop."""

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and selected
    "svg.hashsalt": "radray",
    "text.parse_math": False,  # a model may be called "$x$"
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
}
_NUMBERED = re.compile(r' id="[A-Za-z.0-9]+_\d+"')
"""Ids of groups that nothing refers to, the same in every drawing."""
_SIZE = re.compile(r'(<svg [^>]*?)width="[\d.]+pt" height="[\d.]+pt"')
_FONT = re.compile(r"('[^']+', )*'?DejaVu Sans'?(, [^;\"]*)?(?=[;\"])")
_HEAD = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_ASIDE = re.compile(r"<metadata>.*?</metadata>|<style [^>]*>.*?</style>|<!--.*?-->", re.DOTALL)
_ATTRIBUTES = re.compile(r' xmlns(:xlink)?="[^"]*"| version="1.1"')

Painter = Callable[[Axes], None]


class Drawings:
    """Makes the drawings of one page, with ids that are unique on the page."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def draw(self, paint: Painter, height: float, width: float = WIDTH) -> Markup:
        """Return what `paint` draws on the axes of a figure of `width` by `height` inches, as inline SVG.

        The same painter at the same position of a page gives the same characters.
        """
        with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
            # a glyph that the font lacks is measured as a box; the browser has a font that draws it
            warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
            figure = Figure(figsize=(width, height), layout="constrained")
            FigureCanvasSVG(figure)
            paint(figure.subplots())
            out = io.StringIO()
            figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        # matplotlib has escaped the text
        return Markup(self._own(out.getvalue()))

    def _own(self, text: str) -> str:
        name = f"d{next(self._numbers)}-"
        text = _ATTRIBUTES.sub("", _ASIDE.sub("", _HEAD.sub("", text)))
        text = _NUMBERED.sub("", _SIZE.sub(r"\1", text))
        text = text.replace("xlink:href", "href").replace(' id="', f' id="{name}')
        text = text.replace('href="#', f'href="#{name}').replace("url(#", f"url(#{name}")
        text = _FONT.sub("var(--sans)", text)
        for color, variable in _NAMES.items():
            text = text.replace(color, f"var({variable})")
        lines = (line.strip() for line in text.splitlines())
        return "\n".join(line for line in lines if line)


def short(name: str, most: int = 44) -> str:
    """Return `name` for a drawing: every character visible, on one line, at most `most` characters (middle elided)."""
    text = " ".join(visible(name).split())
    return text if len(text) <= most else f"{text[: most - 16]} ... {text[-11:]}"
