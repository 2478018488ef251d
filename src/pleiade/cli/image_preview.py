"""A picture in the terminal: by kitty's or iTerm2's graphics where they are, else as coloured half blocks."""

import base64
import io
import os
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from PIL.Image import Image

ROWS = 16  # character cells, each about twice as high as wide
CHUNK = 4096  # bytes of base64 in one of kitty's escape sequences (kitty graphics protocol, "Remote client")
CLEAR = (0, 0, 0, 0)


def way_of(environ: Mapping[str, str] = os.environ) -> str:
    """How this terminal can show a picture: kitty, iterm2, blocks (in all colours or 256), or ""."""
    terminal, program = environ.get("TERM", ""), environ.get("TERM_PROGRAM", "")
    if terminal in ("", "dumb") or "NO_COLOR" in environ:
        return ""
    if not ("TMUX" in environ or terminal.startswith(("screen", "tmux"))):  # those swallow graphics
        if "KITTY_WINDOW_ID" in environ or terminal in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
            return "kitty"
        if program in ("iTerm.app", "WezTerm", "mintty") or environ.get("LC_TERMINAL") == "iTerm2":
            return "iterm2"
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "blocks"
    return "blocks256" if "256color" in terminal else ""


class Preview:
    """Draws pictures onto the same place of a terminal, each over the one before."""

    def __init__(self, stream: TextIO, way: str) -> None:
        self._stream = stream
        self._way = way
        self._rows = 0  # of the picture that stands there

    def show(self, data: bytes) -> None:
        """Draw a picture; nothing where no terminal can show it, or where it is none that can be drawn (svg)."""
        if not self._way:
            return
        from PIL import Image, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(data)) as opened:
                picture = opened.convert("RGBA")
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
            return
        size = shutil.get_terminal_size()
        rows = max(2, min(ROWS, size.lines - 4))
        columns = max(2, min(2 * rows * picture.width // picture.height, size.columns - 1))
        rows = max(1, min(rows, columns * picture.height // (2 * picture.width)))
        back = f"\033[{self._rows}A\r" if self._rows else ""
        self._stream.write(back + drawn(picture, columns, rows, self._way))
        self._stream.flush()
        self._rows = rows

    def next(self) -> None:
        """The picture that stands there stays; another one comes below."""
        self._rows = 0


def drawn(picture: "Image", columns: int, rows: int, way: str) -> str:
    """Escape sequences that draw an RGBA picture in `columns` x `rows` cells and end on the line below it."""
    if way.startswith("blocks"):
        return half_blocks(picture, columns, rows, exact=way == "blocks")
    file = io.BytesIO()
    picture.save(file, "png")
    coded = base64.b64encode(file.getvalue()).decode()
    graphic = _kitty(coded, columns, rows) if way == "kitty" else _iterm2(coded, columns, rows)
    # Room is made first, so that nothing scrolls while the terminal draws.
    return "\n" * rows + f"\033[{rows}A\0337{graphic}\0338\033[{rows}B\r"


def half_blocks(picture: "Image", columns: int, rows: int, *, exact: bool) -> str:
    """Two pixels a cell, the upper one as the colour of ▀, the lower one as its ground; nothing where it is clear.

    `exact`: in 24-bit colours, else in the nearest of the 6 x 6 x 6 that every terminal of 256 colours has.
    """
    from PIL import Image

    small = picture.resize((columns, 2 * rows), Image.Resampling.BOX)
    lines = []
    for row in range(rows):
        cells = []
        for column in range(columns):
            upper, lower = (_colour(small, column, 2 * row + half, exact=exact) for half in (0, 1))
            if upper and lower:
                cells.append(f"\033[38;{upper};48;{lower}m▀")
            elif upper or lower:
                cells.append(f"\033[0;38;{upper or lower}m{'▀' if upper else '▄'}")
            else:
                cells.append("\033[0m ")
        lines.append("".join(cells) + "\033[0m\033[K\n")
    return "".join(lines)


def _colour(picture: "Image", x: int, y: int, *, exact: bool) -> str:
    """A colour as terminals take it (ISO 8613-6); "" where more than half of it shows what is behind."""
    pixel = picture.getpixel((x, y))
    red, green, blue, alpha = pixel if isinstance(pixel, tuple) else CLEAR
    if alpha < 128:
        return ""
    if exact:
        return f"2;{red};{green};{blue}"
    return f"5;{16 + 36 * round(red / 51) + 6 * round(green / 51) + round(blue / 51)}"


def _kitty(coded: str, columns: int, rows: int) -> str:
    pieces = [coded[start : start + CHUNK] for start in range(0, len(coded), CHUNK)]
    # i=1: the next picture takes the place of this one; q=2: no answer, which would look like typed keys.
    heads = [f"a=T,f=100,i=1,q=2,c={columns},r={rows},", *[""] * (len(pieces) - 1)]
    return "".join(
        f"\033_G{head}m={int(piece is not pieces[-1])};{piece}\033\\" for head, piece in zip(heads, pieces, strict=True)
    )


def _iterm2(coded: str, columns: int, rows: int) -> str:
    return f"\033]1337;File=inline=1;width={columns};height={rows};preserveAspectRatio=0:{coded}\a"
