"""A server of pictures without a model: our own wire room around plain colours. `python -m engines.toy_pictures`."""

import argparse
import asyncio
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from engines.worker_process import Worker, run_worker
from pleiade.engines.wire.errors import ApiError, invalid
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.images import answers, requests
from pleiade.engines.wire.serve import serve
from pleiade.engines.wire.sse import error_event

COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255)}


class ToyPictures:
    """The prompt is the colour; a given picture stays in the middle of what is made of it."""

    def __init__(self) -> None:
        self.posts = {
            f"/images/{route}": self._served(parse, kind)
            for route, parse, kind in (
                ("generations", requests.parse_generate, answers.GENERATION),
                ("edits", requests.parse_edit, answers.EDIT),
                ("variations", requests.parse_variation, answers.EDIT),
                ("outpaint", requests.parse_outpaint, answers.EDIT),
            )
        }

    def models(self) -> list[dict[str, object]]:
        return [{"id": "toy", "object": "model", "created": 0, "owned_by": "nobody"}]

    def metrics(self) -> str:
        return ""

    def close(self) -> None:
        pass

    def _served(self, parse: object, kind: str) -> object:
        async def serve_one(exchange: Exchange) -> None:
            request = parse(exchange.body, exchange.headers.get(b"content-type", b"").decode())  # type: ignore[operator]
            await self._answer(exchange, request, kind)

        return serve_one

    async def _answer(self, exchange: Exchange, request: requests.PictureFields, kind: str) -> None:
        prompt = getattr(request, "prompt", "red")
        if prompt == "forbidden":
            raise invalid("This prompt is not allowed.", "prompt", "content_policy_violation")
        if prompt == "unheard of" and isinstance(request, requests.OutpaintRequest):
            raise ApiError(404, "Invalid URL (POST /v1/images/outpaint)", code="unknown_url")
        if prompt.startswith("at http"):
            await exchange.answer_json({"created": 1, "data": [{"url": prompt[3:]}]})
            return
        if prompt == "nonsense":
            await exchange.answer_json({"created": 1, "data": [{"b64_json": "~~~"}]})
            return
        made = [self._draw(request, prompt, k) for k in range(request.n)]
        usage = answers.usage_of(3, [], [picture.size for picture in made], request.quality)
        if not request.stream:
            await exchange.answer(answers.answer(made, request, usage, created=1))
            return
        await exchange.start_stream()
        for index, picture in enumerate(made):
            if prompt == "breaks" and index == len(made) - 1:
                await exchange.end_stream(error_event(invalid("The lamp broke.", None).body()))
                return
            for partial in range(request.partial_images):
                await exchange.write(
                    answers.partial_event(kind, picture, request, index=index, partial=partial, created=1)
                )
            await exchange.write(answers.completed_event(kind, picture, request, usage, index=index, created=1))
        await exchange.end_stream()

    def _draw(self, request: requests.PictureFields, prompt: str, place: int) -> answers.Made:
        width, height = request.size or (32, 32)
        given = getattr(request, "image", b"") or (getattr(request, "images", None) or [b""])[0]
        inside = Image.open(io.BytesIO(given)).convert("RGBA") if given else None
        left = top = 0
        if inside is not None and isinstance(request, requests.OutpaintRequest):
            left, top = request.left, request.top
            width, height = inside.width + left + request.right, inside.height + top + request.bottom
        elif inside is not None:
            width, height = inside.size
        canvas = Image.new("RGBA", (width, height), (*COLOURS.get(prompt, (0, 128, 0)), 255))
        if inside is not None:
            canvas.paste(inside, (left, top), inside)
        file = io.BytesIO()
        if request.output_format == "svg":
            file.write(b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
        else:
            (canvas if request.output_format != "jpeg" else canvas.convert("RGB")).save(file, request.output_format)
        seed = (request.seed or 0) + place
        return answers.Made(data=file.getvalue(), size=(width, height), seed=seed, transparent=False)


@contextmanager
def toy_pictures(folder: Path) -> Iterator[Worker]:
    """The server as a process of its own, while the block runs; its log lies in `folder`."""
    env = {"PYTHONPATH": str(Path(__file__).parents[1])}
    with run_worker("engines.toy_pictures", [], folder / "toy.log", env=env) as worker:
        yield worker


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)

    def load(loop: asyncio.AbstractEventLoop) -> ToyPictures:
        return ToyPictures()

    return serve(load, port=parser.parse_args().port)


if __name__ == "__main__":
    sys.exit(main())
