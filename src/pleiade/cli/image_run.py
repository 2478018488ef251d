"""One `pleiade image` command from its options to files: asked, shown while it is made, written."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pleiade.cli.common import fail, print_json, told
from pleiade.cli.image_files import Names, UnkeptError, padded, read_picture, wanted_format

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
    """Ask; write and show each picture once it comes. What was not made or not kept is told at the end."""
    import asyncio
    import time

    from pleiade.cli.image_api import PictureError, Question, ask, find_server
    from pleiade.cli.image_preview import Preview, way_of

    with told():
        count = int(fields["n"] or 1)
        format = wanted_format(str(fields["output_format"] or ""), where.out)
        words = f"{files[0][1].stem} varied" if fields["prompt"] is None else str(fields["prompt"])
        names = Names(where.out, count, words, format, force=where.force)
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
        written: list[tuple[Path, Made]] = []
        failures: list[str] = []

        def keep(made: "Made") -> None:
            try:
                written.append((names.write(made.data), made))
            except UnkeptError as error:
                failures.append(str(error))
            preview.show(made.data)
            preview.next()

        began = time.monotonic()
        try:
            try:
                asyncio.run(ask(server, question, preview.show, keep))
            except PictureError as error:
                if route != "outpaint" or not error.unknown_route:
                    raise
                asyncio.run(ask(server, _as_edit(question), preview.show, keep))
        except PictureError as error:
            failures.append(str(error))
        if not failures and len(written) < count:
            failures.append(f"the server made {len(written)} of {count} pictures, and did not say why")
        if written:
            _tell(written, count, time.monotonic() - began, where)
        if failures:
            fail("\n".join(failures))


def _as_edit(question: "Question") -> "Question":
    """The same enlargement for a server that knows OpenAI's routes alone: an edit of a larger, transparent canvas."""
    import msgspec

    sides = {name: int(question.fields[name]) for name in SIDES if name in question.fields}
    fields = {name: value for name, value in question.fields.items() if name not in (*SIDES, "size", "feather")}
    (_, file, data) = question.files[0]
    canvas = padded(data, sides, str(question.fields.get("size", "")))
    return msgspec.structs.replace(question, route="edits", fields=fields, files=(("image", f"{file}.png", canvas),))


def _tell(written: "list[tuple[Path, Made]]", count: int, seconds: float, where: Where) -> None:
    if where.as_json:
        print_json(
            [
                {"path": str(name), "seed": item.seed, "revised_prompt": item.revised_prompt, "bytes": len(item.data)}
                for name, item in written
            ]
        )
        return
    for name, item in written:
        if str(name) != "-":
            seed = "" if item.seed is None else f" (seed {item.seed})"
            print(f"{name}{seed}")
    made = f"{len(written)}" if len(written) >= count else f"{len(written)} of {count}"
    print(f"{made} in {seconds:.1f} s", file=sys.stderr)
