"""One `pleiade image` command from its options to files: asked, shown while it is made, written."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pleiade.cli.common import fail, print_json, told
from pleiade.cli.image_files import free_names, padded, read_picture, wanted_format, write_picture

if TYPE_CHECKING:
    from pleiade.cli.image_api import Made, Question

SIDES = ("left", "right", "top", "bottom")
PARTIALS = 3  # OpenAI's largest `partial_images`

Fields = dict[str, str | int | None]  # of the request; None = not sent
Files = list[tuple[str, Path]]  # its pictures, by field


class Where:
    """Where to ask, and where the answer goes."""

    def __init__(
        self, *, out: Path | None, preview: bool, force: bool, url: str, key: str, home: str | None, as_json: bool
    ) -> None:
        self.out, self.force, self.as_json = out, force, as_json
        self.url, self.key, self.home = url, key, home
        self.preview = preview and not as_json and sys.stderr.isatty()


def run(route: str, fields: Fields, files: Files, where: Where) -> None:
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
            try:
                made = asyncio.run(ask(server, question, preview.show))
            except PictureError as error:
                if route != "outpaint" or not error.unknown_route:
                    raise
                made = asyncio.run(ask(server, _as_edit(question), preview.show))
        except PictureError as error:
            fail(str(error))
        if not made:
            fail("the server made no picture, and did not say why")
        for name, picture in zip(names, made, strict=False):
            preview.show(picture.data)
            preview.next()
            write_picture(name, picture.data, force=where.force)
    _tell(names, made, time.monotonic() - began, where)


def _as_edit(question: "Question") -> "Question":
    """The same enlargement for a server that knows OpenAI's routes alone: an edit of a larger, transparent canvas."""
    import msgspec

    sides = {name: int(question.fields[name]) for name in SIDES if name in question.fields}
    fields = {name: value for name, value in question.fields.items() if name not in (*SIDES, "size", "feather")}
    (_, file, data) = question.files[0]
    canvas = padded(data, sides, str(question.fields.get("size", "")))
    return msgspec.structs.replace(question, route="edits", fields=fields, files=(("image", f"{file}.png", canvas),))


def _tell(names: list[Path], made: "list[Made]", seconds: float, where: Where) -> None:
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
