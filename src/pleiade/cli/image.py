"""`pleiade image generate|edit|outpaint|vary|verify`: pictures from any server that speaks OpenAI's image routes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion, image_verify
from pleiade.cli.common import HomeOption, JsonOption, fail, print_json, told
from pleiade.cli.image_files import free_names, read_picture, wanted_format, write_picture

if TYPE_CHECKING:
    from pleiade.cli.image_api import Made

app = typer.Typer(help="Pictures: make, edit, enlarge, vary, verify.", no_args_is_help=True)
app.command("verify")(image_verify.verify)

PARTIALS = 3  # OpenAI's largest `partial_images`

ImageArgument = Annotated[Path, typer.Argument(metavar="IMAGE", help="A picture: PNG, JPEG or WebP.")]
ModelOption = Annotated[
    str, typer.Option(help="Deployment or model to ask.", autocompletion=completion.deployments, show_default=True)
]
OutOption = Annotated[
    Path | None,
    typer.Option(help="File or folder to write to; - is stdout. [default: the prompt's first words, here]"),
]
CountOption = Annotated[int, typer.Option("--n", help="How many, 1 to 10.")]
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

Fields = dict[str, str | int | None]
Files = list[tuple[str, Path]]


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
    _run(
        "generations",
        _fields(prompt, model, n, size, quality, seed, style, background, format, compression, negative),
        [],
        _Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
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
    _run(
        "edits",
        _fields(prompt, model, n, size, quality, seed, style, background, format, compression, negative),
        files,
        _Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
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
    n: Annotated[int, typer.Option("--n", help="Candidates, 1 to 10.")] = 1,
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
    sides = {"left": left, "right": right, "top": top, "bottom": bottom}
    if any(sides.values()) == bool(size):
        fail("say by how much to enlarge: --left, --right, --top, --bottom in pixels, or the whole --size")
    fields = _fields(prompt, model, n, size, quality, seed, style, background, format, compression, negative)
    _run(
        "outpaint",
        {**fields, **{name: pixels or None for name, pixels in sides.items()}, "feather": feather},
        [("image", image)],
        _Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
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
    _run(
        "variations",
        _fields(None, model, n, size, quality, seed, style, background, format, compression, ""),
        [("image", image)],
        _Where(out=out, preview=preview, force=force, url=url, key=key, home=home, as_json=as_json),
    )


class _Where:
    """Where to ask, and where the answer goes."""

    def __init__(
        self, *, out: Path | None, preview: bool, force: bool, url: str, key: str, home: str | None, as_json: bool
    ) -> None:
        self.out, self.force, self.as_json = out, force, as_json
        self.url, self.key, self.home = url, key, home
        self.preview = preview and not as_json and sys.stderr.isatty()


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


def _run(route: str, fields: Fields, files: Files, where: _Where) -> None:
    """Ask, show what comes, and write it under names that were free before anything was made."""
    import asyncio
    import time

    from pleiade.cli.image_api import PictureError, Question, ask, find_server
    from pleiade.cli.image_preview import Preview, way_of

    with told():
        count = int(fields["n"] or 1)
        format = wanted_format(str(fields["output_format"] or ""), where.out)
        words = f"{files[0][1].stem} varied" if fields["prompt"] is None else str(fields["prompt"])
        if str(where.out) == "-":
            names = [Path("-")] if count == 1 else fail("only one picture goes to stdout: leave --n out")
        else:
            names = free_names(where.out, count, words, format, force=where.force)
        sent: dict[str, str | int | bool] = {name: value for name, value in fields.items() if value is not None}
        if format:
            sent["output_format"] = format
        way = way_of() if where.preview else ""
        server = find_server(where.home, where.url, where.key)
        if way and format != "svg":
            sent |= {"stream": True, "partial_images": PARTIALS}
        elif server.ours:
            sent["response_format"] = "b64_json"
        question = Question(route, sent, tuple((name, path.name, read_picture(path)) for name, path in files))
        preview = Preview(sys.stderr, way)
        began = time.monotonic()
        try:
            made = asyncio.run(ask(server, question, preview.show))
        except PictureError as error:
            fail(str(error))
        if not made:
            fail("the server made no picture, and did not say why")
        for name, picture in zip(names, made, strict=False):
            preview.show(picture.data)
            preview.next()
            write_picture(name, picture.data, force=where.force)
    _tell(names, made, time.monotonic() - began, where)


def _tell(names: list[Path], made: "list[Made]", seconds: float, where: _Where) -> None:
    if where.as_json:
        print_json(
            [
                {"path": str(name), "seed": item.seed, "revised_prompt": item.revised_prompt, "bytes": len(item.data)}
                for name, item in zip(names, made, strict=False)
            ]
        )
        return
    for name, item in zip(names, made, strict=False):
        if str(name) != "-":
            seed = "" if item.seed is None else f" (seed {item.seed})"
            print(f"{name}{seed}")
    print(f"{len(made)} in {seconds:.1f} s", file=sys.stderr)
