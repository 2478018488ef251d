"""`pleiade image generate|edit|outpaint|vary|verify`: pictures from any server that speaks OpenAI's image routes."""

from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli import completion, image_verify
from pleiade.cli.common import HomeOption, JsonOption, fail
from pleiade.cli.image_run import SIDES, Fields, Files, Where, run

app = typer.Typer(help="Pictures: make, edit, enlarge, vary, verify.", no_args_is_help=True)
app.command("verify")(image_verify.verify)

ImageArgument = Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture: PNG, JPEG or WebP.")]
ModelOption = Annotated[
    str, typer.Option(help="Deployment or model to ask.", autocompletion=completion.deployments, show_default=True)
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="File or folder to write to; - is stdout. [default: the prompt's first words, here]"),
]
CountOption = Annotated[int, typer.Option("--n", "-n", help="How many, 1 to 10.")]
SizeOption = Annotated[str, typer.Option(metavar="WxH", help="Say 512x512, or auto. [default: the server's]")]
QualityOption = Annotated[str, typer.Option(help="low, medium or high. [default: medium]")]
SeedOption = Annotated[int | None, typer.Option(help="The same seed makes the same picture again.")]
StyleOption = Annotated[str, typer.Option(help="One of the model's styles. [default: any]")]
BackgroundOption = Annotated[str, typer.Option(help="transparent, opaque or auto. [default: auto]")]
FormatOption = Annotated[str, typer.Option(help="png, webp, jpeg or svg. [default: by --out, else png]")]
CompressionOption = Annotated[int | None, typer.Option(help="webp and jpeg: percent, 100 keeps most.")]
NegativeOption = Annotated[str, typer.Option("--negative", metavar="TEXT", help="What it should not show.")]
PromptOption = Annotated[str, typer.Option("--prompt", "-p", metavar="TEXT", help="What it shows, in words.")]
PreviewOption = Annotated[bool, typer.Option(help="Show pictures in the terminal, where it can.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]
UrlOption = Annotated[
    str, typer.Option(metavar="URL", help="Another server, say https://host/v1 (or OPENAI_BASE_URL).")
]
KeyOption = Annotated[str, typer.Option(metavar="KEY", help="Its key (or OPENAI_API_KEY). [default: this home's]")]


@app.command("generate")
def generate(
    prompt: Annotated[str, typer.Argument(help="What the picture shows, in words.")],
    out: OutOption = None,
    model: ModelOption = "pleiade-image",
    n: CountOption = 1,
    size: SizeOption = "",
    quality: QualityOption = "",
    seed: SeedOption = None,
    style: StyleOption = "",
    background: BackgroundOption = "",
    format: FormatOption = "",
    compression: CompressionOption = None,
    negative: NegativeOption = "",
    preview: PreviewOption = True,
    force: ForceOption = False,
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make pictures from a description."""
    run(
        "generations",
        _fields(prompt, model, n, size, quality, seed, style, background, format, compression, negative),
        [],
        Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
    )


@app.command("edit")
def edit(
    image: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="The picture; further ones to look at.")],
    prompt: PromptOption,
    mask: Annotated[
        Path | None,
        typer.Option(help="PNG as large as the picture, clear where it may change. [default: its own clear parts]"),
    ] = None,
    out: OutOption = None,
    model: ModelOption = "pleiade-image",
    n: CountOption = 1,
    size: SizeOption = "",
    quality: QualityOption = "",
    seed: SeedOption = None,
    style: StyleOption = "",
    background: BackgroundOption = "",
    format: FormatOption = "",
    compression: CompressionOption = None,
    negative: NegativeOption = "",
    preview: PreviewOption = True,
    force: ForceOption = False,
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a picture inside a mask; outside of it every pixel stays the same."""
    files: Files = [("image[]" if len(image) > 1 else "image", path) for path in image]
    if mask is not None:
        files.append(("mask", mask))
    run(
        "edits",
        _fields(prompt, model, n, size, quality, seed, style, background, format, compression, negative),
        files,
        Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
    )


@app.command("outpaint")
def outpaint(
    image: ImageArgument,
    prompt: PromptOption,
    left: Annotated[int, typer.Option(metavar="PIXELS", help="To add on the left.")] = 0,
    right: Annotated[int, typer.Option(metavar="PIXELS", help="To add on the right.")] = 0,
    top: Annotated[int, typer.Option(metavar="PIXELS", help="To add above.")] = 0,
    bottom: Annotated[int, typer.Option(metavar="PIXELS", help="To add below.")] = 0,
    size: Annotated[str, typer.Option(metavar="WxH", help="Instead: the whole size, the picture centred.")] = "",
    feather: Annotated[
        int | None, typer.Option(metavar="PIXELS", help="Width of the seam. [default: by the size]")
    ] = None,
    out: OutOption = None,
    model: ModelOption = "pleiade-image",
    n: Annotated[int, typer.Option("--n", "-n", help="Candidates, 1 to 10.")] = 1,
    quality: QualityOption = "",
    seed: SeedOption = None,
    style: StyleOption = "",
    background: BackgroundOption = "",
    format: FormatOption = "",
    compression: CompressionOption = None,
    negative: NegativeOption = "",
    preview: PreviewOption = True,
    force: ForceOption = False,
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enlarge a picture beyond its borders, from a description of the whole."""
    sides = dict(zip(SIDES, (left, right, top, bottom), strict=True))
    if any(sides.values()) == bool(size):
        fail("say by how much to enlarge: --left, --right, --top, --bottom in pixels, or the whole --size")
    fields = _fields(prompt, model, n, size, quality, seed, style, background, format, compression, negative)
    run(
        "outpaint",
        {**fields, **{name: pixels or None for name, pixels in sides.items()}, "feather": feather},
        [("image", image)],
        Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
    )


@app.command("vary")
def vary(
    image: ImageArgument,
    out: OutOption = None,
    model: ModelOption = "pleiade-image",
    n: CountOption = 1,
    size: SizeOption = "",
    quality: QualityOption = "",
    seed: SeedOption = None,
    style: StyleOption = "",
    background: BackgroundOption = "",
    format: FormatOption = "",
    compression: CompressionOption = None,
    preview: PreviewOption = True,
    force: ForceOption = False,
    url: UrlOption = "",
    key: KeyOption = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make other pictures of what one shows."""
    run(
        "variations",
        _fields(None, model, n, size, quality, seed, style, background, format, compression, ""),
        [("image", image)],
        Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
    )


def _fields(
    prompt: str | None,
    model: str,
    n: int,
    size: str,
    quality: str,
    seed: int | None,
    style: str,
    background: str,
    format: str,
    compression: int | None,
    negative: str,
) -> Fields:
    """By their names on the wire; what was not said is None and is not sent: other servers may not know it."""
    return {
        "prompt": prompt,
        "model": model,
        "n": n,
        "size": size or None,
        "quality": quality or None,
        "seed": seed,
        "style": style or None,
        "background": background or None,
        "output_format": format or None,
        "output_compression": compression,
        "negative_prompt": negative or None,
    }
