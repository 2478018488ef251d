"""An engine that paints, over our own wire room: the words of a request say what comes of it, good or bad."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any

from PIL import Image, ImageDraw, ImageFilter
from scripted_engine import Exchange

from pleiade.engines.wire.errors import ApiError
from pleiade.engines.wire.images import answers, requests

STYLES = ("outline", "flat")
PARSERS: dict[str, tuple[Callable[..., Any], str]] = {
    "generations": (requests.parse_generate, answers.GENERATION),
    "edits": (requests.parse_edit, answers.EDIT),
    "variations": (requests.parse_variation, answers.EDIT),
    "outpaint": (requests.parse_outpaint, answers.EDIT),
}
INKS = ((222, 82, 60), (58, 120, 210), (240, 178, 50), (70, 160, 110), (140, 90, 190))


async def paint(exchange: Exchange) -> None:
    """What the request asks for, by the contract that the real engine keeps."""
    parse, kind = PARSERS[exchange.path.partition("?")[0].rpartition("/")[2]]
    try:
        request = parse(exchange.raw, exchange.headers.get("content-type", ""), styles=STYLES)
    except ApiError as error:
        await exchange.whole(error.status, error.body())
        return
    prompt = getattr(request, "prompt", "")
    for word, fault in FAULTS.items():
        if word in prompt:
            await fault(exchange, request, kind)
            return
    await finish(exchange, request, kind, pause_s=0.02)


async def finish(exchange: Exchange, request: Any, kind: str, *, pause_s: float, last: int = 99) -> None:
    """All pictures of a request, or the first ones up to `last`."""
    made = [draw(request, number) for number in range(request.n)]
    usage = answers.usage_of(3, [], [picture.size for picture in made[:1]], request.quality)
    if not request.stream:
        await exchange.whole(200, answers.answer(made, request, usage, created=1_795_000_000))
        return
    await exchange.begin()
    for partial in range(request.partial_images):
        for index in range(request.n):
            forming = draw(request, index, blur=request.partial_images - partial)
            await exchange.part(
                answers.partial_event(kind, forming, request, index=index, partial=partial, created=1_795_000_000)
            )
            await asyncio.sleep(pause_s)
    for index, picture in enumerate(made):
        if index >= last:
            return
        event = answers.completed_event(kind, picture, request, usage, index=index, created=1_795_000_000)
        await exchange.part(event)
        await asyncio.sleep(pause_s)
    await exchange.end()


def draw(request: Any, number: int, *, blur: int = 0) -> answers.Made:
    """A disc on a hill; a given picture stays where nothing is to be painted."""
    seed = (request.seed if request.seed is not None else 1000) + number
    given = getattr(request, "image", b"") or (getattr(request, "images", None) or [b""])[0]
    if isinstance(request, requests.OutpaintRequest):
        inside = Image.open(io.BytesIO(given)).convert("RGBA")
        size = (inside.width + request.left + request.right, inside.height + request.top + request.bottom)
        picture = scene(size, seed)
        picture.paste(inside, (request.left, request.top), inside)
    elif given:
        inside = Image.open(io.BytesIO(given)).convert("RGBA")
        mask = getattr(request, "mask", None)
        hole = Image.open(io.BytesIO(mask)).getchannel("A").point(lambda alpha: 255 * (alpha == 0)) if mask else None
        picture = inside.copy()
        picture.paste(scene(inside.size, seed + 3), (0, 0), hole)
    else:
        picture = scene(request.size or (512, 512), seed)
        if request.background == "transparent":
            picture.putalpha(picture.getchannel("G").point(lambda green: 0 if green > 215 else 255))
    if blur:
        picture = picture.resize((max(1, picture.width // 8), max(1, picture.height // 8)))
        picture = picture.filter(ImageFilter.GaussianBlur(blur * picture.width / 40))
    file = io.BytesIO()
    if request.output_format == "svg":
        file.write(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><circle cx="1" cy="1" r="1"/></svg>')
    else:
        (picture.convert("RGB") if request.output_format == "jpeg" else picture).save(file, request.output_format)
    return answers.Made(data=file.getvalue(), size=picture.size, seed=seed, transparent=False)


def scene(size: tuple[int, int], seed: int) -> Image.Image:
    """Sky, hill and a disc, in colours that the seed chooses."""
    width, height = size
    picture = Image.new("RGBA", size, (228, 238, 247, 255))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((-width // 4, height * 2 // 3, width * 5 // 4, height * 4 // 3), fill=(116, 164, 116, 255))
    middle, reach = (width * (3 + seed % 5) // 10, height * (4 + seed % 3) // 10), min(size) // 5
    box = (middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach)
    pen.ellipse(box, fill=(*INKS[seed % len(INKS)], 255))
    return picture


def refused(status: int, message: str, code: str, param: str | None = None, headers: str = "") -> Any:
    """A script that refuses everything."""

    async def refuse(exchange: Exchange, *_: Any) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        await exchange.whole(status, {"error": error}, headers)

    return refuse


async def _cut(exchange: Exchange, request: Any, kind: str) -> None:
    await finish(exchange, request, kind, pause_s=0.02, last=request.n // 2)
    await asyncio.sleep(0.1)
    exchange.writer.close()


async def _stuck(exchange: Exchange, request: Any, kind: str) -> None:
    await finish(exchange, request, kind, pause_s=0.02, last=1)
    await asyncio.Event().wait()  # until somebody hangs up


async def _unending(exchange: Exchange, request: Any, kind: str) -> None:
    await exchange.begin()
    forming = draw(request, 0, blur=3)
    await exchange.part(answers.partial_event(kind, forming, request, index=0, partial=0, created=1_795_000_000))
    await asyncio.Event().wait()  # until somebody hangs up


async def _slow(exchange: Exchange, request: Any, kind: str) -> None:
    await finish(exchange, request, kind, pause_s=0.15)


FAULTS: dict[str, Callable[..., Awaitable[None]]] = {
    "forbidden": refused(400, "This prompt is not allowed here.", "content_policy_violation", "prompt"),
    "too much": refused(429, "Too many requests; wait 2 seconds.", "rate_limit_exceeded", headers="retry-after: 2\r\n"),
    "unheard of": refused(400, "Invalid value: 'zzz'. Supported values are: 'flat'.", "invalid_value", "style"),
    "broken": refused(500, "The lamp broke.", "server_error"),
    "cut": _cut,
    "stuck": _stuck,
    "unending": _unending,
    "slow": _slow,
}
