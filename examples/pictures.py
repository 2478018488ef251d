"""Pictures by OpenAI's own package: one made, one changed inside a mask, one varied, one enlarged beyond its border.

    pip install openai pillow
    python examples/pictures.py [FOLDER]      (while `pleiade up` runs)

OPENAI_BASE_URL and OPENAI_API_KEY name another server and key than those of `pleiade up`. Writes each picture, and a
row of all of them.
"""

import base64
import io
import os
import sys
from pathlib import Path

from openai import OpenAI
from PIL import Image, ImageDraw

MODEL, SIDE, SEED = "pleiade-image", 256, {"seed": 1}
MADE, CHANGED, ENLARGED = (
    f"{seen} on a yellow background" for seen in ("a red heart", "a green tree", "two red hearts")
)


def main(folder: Path) -> None:
    """Ask for the four pictures and write them to `folder`."""
    key = os.environ.get("OPENAI_API_KEY") or Path("~/.pleiade/admin.key").expanduser().read_text("utf-8").strip()
    client = OpenAI(base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1"), api_key=key)
    size = f"{SIDE}x{SIDE}"

    made = client.images.generate(model=MODEL, prompt=MADE, size=size, extra_body=SEED)
    first = written(made, folder / "made.png")

    hole = Image.new("L", (SIDE, SIDE), 255)
    ImageDraw.Draw(hole).rectangle((SIDE // 2, 0, SIDE, SIDE), fill=0)  # what is clear in a mask may change
    masked = first.copy()
    masked.putalpha(hole)
    changed = client.images.edit(
        model=MODEL, image=png(first), mask=png(masked), prompt=CHANGED, size=size, extra_body=SEED
    )
    written(changed, folder / "changed.png")

    varied = client.images.create_variation(model=MODEL, image=png(first), size=size, extra_body=SEED)
    written(varied, folder / "varied.png")

    wider = Image.new("RGBA", (2 * SIDE, SIDE))  # clear where there is nothing yet
    wider.paste(first, (0, 0))
    enlarged = client.images.edit(
        model=MODEL, image=png(wider), prompt=ENLARGED, size=f"{2 * SIDE}x{SIDE}", extra_body=SEED
    )
    written(enlarged, folder / "enlarged.png")
    beside([folder / f"{name}.png" for name in ("made", "changed", "varied", "enlarged")]).save(folder / "all.png")


def png(picture: Image.Image) -> tuple[str, bytes, str]:
    """A picture as the package sends files."""
    data = io.BytesIO()
    picture.save(data, "PNG")
    return "picture.png", data.getvalue(), "image/png"


def written(answer, path: Path) -> Image.Image:
    """The answer's first picture, also in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(answer.data[0].b64_json))
    print(path)
    return Image.open(path).convert("RGBA")


def beside(paths: list[Path]) -> Image.Image:
    """Pictures of one height in a row, on white."""
    pictures = [Image.open(path).convert("RGBA") for path in paths]
    row = Image.new("RGBA", (sum(one.width for one in pictures) + 16 * (len(pictures) - 1), SIDE), "white")
    left = 0
    for one in pictures:
        row.alpha_composite(one, (left, 0))
        left += one.width + 16
    return row.convert("RGB")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
