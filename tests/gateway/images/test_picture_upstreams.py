"""Servers that speak OpenAI's picture routes (sd.cpp, LocalAI, vLLM-Omni, OpenAI), deployed as upstreams, asked as by
`pleiade image`: through a real gateway to a real server of another process, which has a key of its own."""

import io
from collections.abc import Awaitable, Callable, Iterator

import pytest
from PIL import Image
from scripted_gateway import SECRET, Served

from engines.toy_pictures import toy_pictures
from engines.worker_process import TOKEN, Worker
from pleiade.cli.image_api import Made, PictureError, PictureServer, Question, ask
from pleiade.domain import Deployment, Endpoint, EndpointState
from pleiade.engines.upstream import Upstream
from pleiade.provenance import verify
from pleiade.registry import remote_model

ServePictures = Callable[..., Awaitable[Served]]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    with toy_pictures(tmp_path_factory.mktemp("toy")) as worker:
        yield worker


@pytest.fixture
async def away(serve_pictures: ServePictures, toy: Worker) -> PictureServer:
    """A gateway whose deployment `away` is the other server's model `toy`."""
    model = remote_model(f"{toy.url}/v1", "image", model_id="theirs")
    options = {"url": f"{toy.url}/v1", "key": TOKEN, "model": "toy"}
    deployment = Deployment(name="away", model=model.id, engine="upstream", options=options)
    remote = Upstream().plan(deployment, model, port=1, token="", queue_limit=1, adapters={})
    endpoint = Endpoint(
        deployment="away",
        model=model.id,
        kind=model.kind.value,
        engine="upstream",
        state=EndpointState.READY,
        url=remote.url,
        headers=remote.headers,
        send_model=remote.send_model,
        rewrite_model=remote.rewrite_model,
    )
    served = await serve_pictures(endpoints=[endpoint])
    return PictureServer(f"{served.url}/v1", SECRET, ours=True)


async def asked(server: PictureServer, question: Question) -> tuple[list[Made], list[bytes]]:
    made: list[Made] = []
    partials: list[bytes] = []
    await ask(server, question, partials.append, made.append)
    return made, partials


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(data)).size


async def test_pictures_come_from_there_and_are_signed_here(away: PictureServer) -> None:
    fields = {"model": "away", "prompt": "red", "n": 2, "size": "64x32", "seed": 3}
    made, _ = await asked(away, Question("generations", fields))
    assert [item.seed for item in made] == [3, 4]
    assert {size_of(item.data) for item in made} == {(64, 32)}
    report = verify(made[0].data)
    assert report.good
    assert report.claim is not None
    assert (report.claim.prompt, report.claim.seed) == ("red", 3)


async def test_partial_pictures_of_theirs_stream_through(away: PictureServer) -> None:
    fields = {"model": "away", "prompt": "blue", "stream": True, "partial_images": 2}
    made, partials = await asked(away, Question("generations", fields))
    assert len(partials) == 2
    assert verify(made[0].data).good


@pytest.mark.parametrize(
    ("route", "fields", "size"),
    [
        ("edits", {"prompt": "red"}, (20, 10)),
        ("variations", {}, (20, 10)),
        ("outpaint", {"prompt": "red", "left": 12, "bottom": 6}, (32, 16)),
    ],
)
async def test_forms_arrive_there_as_they_were_sent(
    away: PictureServer, route: str, fields: dict[str, str | int | bool], size: tuple[int, int]
) -> None:
    photo = io.BytesIO()
    Image.new("RGB", (20, 10), (9, 200, 40)).save(photo, "png")
    files = (("image", "photo.png", photo.getvalue()),)
    made, _ = await asked(away, Question(route, {"model": "away", **fields}, files))
    assert size_of(made[0].data) == size


async def test_what_they_refuse_is_told_in_their_words(away: PictureServer) -> None:
    with pytest.raises(PictureError, match="This prompt is not allowed"):
        await asked(away, Question("generations", {"model": "away", "prompt": "forbidden"}))
    with pytest.raises(PictureError, match="The lamp broke"):
        await asked(away, Question("generations", {"model": "away", "prompt": "breaks", "stream": True}))
