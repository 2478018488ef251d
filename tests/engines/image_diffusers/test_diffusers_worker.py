"""Users' own weights on the four picture routes: what a client gets, and what stops when it leaves."""

import asyncio
import base64
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from PIL import Image

from engines.image_diffusers.conftest import pixels, png
from pleiade.engines.image_diffusers.worker import DiffusersOptions, load, open_service
from pleiade.engines.wire.app import EngineApp
from pleiade.engines.wire.serve import LOAD_FAILED, LoadError
from serving import free_port


def pictures(answer: httpx.Response) -> list[bytes]:
    assert answer.status_code == 200, answer.text
    return [base64.b64decode(item["b64_json"]) for item in answer.json()["data"]]


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


async def metric(client: httpx.AsyncClient, name: str) -> int:
    lines = (await client.get("http://engine/metrics")).text.splitlines()
    (line,) = [line for line in lines if line.startswith(name)]
    return int(float(line.split()[-1]))


async def test_a_prompt_becomes_pictures_that_share_one_run_and_the_same_seed_makes_the_same(
    client: httpx.AsyncClient,
) -> None:
    body = {"prompt": "a café", "n": 3, "seed": 5, "quality": "low", "negative_prompt": "rain"}
    answer = await client.post("/images/generations", json=body)
    first, second, third = pictures(answer)
    assert pixels(first).shape == (16, 16, 4)
    assert len({first, second, third}) == 3
    assert [item["seed"] for item in answer.json()["data"]] == [5, 6, 7]
    assert answer.json()["usage"]["input_tokens"] > 0
    assert await metric(client, "pleiade_engine_passes_total") == 1
    assert await metric(client, "pleiade_engine_predictions_total") == 3
    again = pictures(await client.post("/images/generations", json={**body, "n": 1, "seed": 6}))
    assert np.abs(pixels(again[0]).astype(int) - pixels(second)).max() <= 1


async def test_size_and_format_are_as_asked(client: httpx.AsyncClient) -> None:
    body = {"prompt": "a", "size": "32x16", "output_format": "jpeg", "quality": "low"}
    (data,) = pictures(await client.post("/images/generations", json=body))
    assert data.startswith(b"\xff\xd8\xff")
    assert pixels(data).shape == (16, 32, 4)


async def test_partial_pictures_come_before_the_whole_one(client: httpx.AsyncClient) -> None:
    body = {"prompt": "a", "stream": True, "partial_images": 2}
    told = events(await client.post("/images/generations", json=body))
    assert [event["type"].rpartition(".")[2] for event in told] == ["partial_image", "partial_image", "completed"]
    assert [event.get("partial_image_index") for event in told] == [0, 1, None]
    seen = [pixels(base64.b64decode(event["b64_json"])) for event in told]
    assert {picture.shape for picture in seen} == {(16, 16, 4)}
    assert (seen[0] != seen[2]).any()


@pytest.mark.parametrize("route", ["edits", "outpaint"])
async def test_outside_of_what_is_painted_every_pixel_is_the_same(client: httpx.AsyncClient, route: str) -> None:
    if route == "edits":
        given, hole = png(clear=(4, 4, 12, 12)), np.s_[4:12, 4:12]
        form, kept = {"prompt": "a hat"}, np.s_[:, :]
    else:
        given, hole, form, kept = png(), np.s_[:, :16], {"prompt": "a hat", "left": "16"}, np.s_[:, 16:]
    (data,) = pictures(
        await client.post(f"/images/{route}", data={**form, "quality": "low"}, files={"image": ("a.png", given)})
    )
    made_HWC, given_HWC = pixels(data), pixels(given)
    inside_HW = np.zeros(made_HWC.shape[:2], bool)
    inside_HW[hole] = True
    expected_HWC = np.zeros_like(made_HWC)
    expected_HWC[kept] = given_HWC
    assert (made_HWC[~inside_HW] == expected_HWC[~inside_HW]).all()
    assert (made_HWC[inside_HW] != expected_HWC[inside_HW]).any()
    assert (made_HWC[..., 3] == 255).all()


@pytest.mark.parametrize("route", ["edits", "variations"])
async def test_photographs_larger_than_any_canvas_are_made_smaller_first(client: httpx.AsyncClient, route: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (5712, 4284), (200, 90, 40)).save(file, "JPEG")
    for size in ({}, {"size": "32x16"}):
        form = size | ({"prompt": "in snow"} if route == "edits" else {})
        answer = await client.post(f"/images/{route}", data=form, files={"image": ("a.jpg", file.getvalue())})
        assert answer.status_code == 200, answer.text[:500]


async def test_edits_without_a_mask_and_variations_start_from_the_picture(client: httpx.AsyncClient) -> None:
    given = {"image": ("a.png", png(size=(48, 16)))}
    for route, form in (("edits", {"prompt": "in snow"}), ("variations", {"n": "2"})):
        made = pictures(await client.post(f"/images/{route}", data=form, files=given))
        assert len(made) == int(form.get("n", 1))
        assert pixels(made[0]).shape == (
            16,
            32,
            4,
        )  # about as large as the model's pictures, in the shape of the given one
    told = events(
        await client.post(
            "/images/edits",
            data={"prompt": "x", "stream": "true", "partial_images": "1"},
            files={"image": ("a.png", png(clear=(0, 0, 8, 8)))},
        )
    )
    assert [event["type"] for event in told] == ["image_edit.partial_image", "image_edit.completed"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"prompt": "a", "background": "transparent"}, "background"),
        ({"prompt": "a", "style": "solid"}, "style"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": "a", "size": "1023x7"}, "size"),
    ],
)
async def test_what_the_model_cannot_do_is_refused(client: httpx.AsyncClient, body: dict[str, Any], param: str) -> None:
    answer = await client.post("/images/generations", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_only_one_picture_is_looked_at(client: httpx.AsyncClient) -> None:
    files = [("image[]", ("a.png", png())), ("image[]", ("b.png", png()))]
    answer = await client.post("/images/edits", data={"prompt": "x"}, files=files)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image")


async def test_a_prompt_beyond_the_text_encoder_is_told_as_revised(client: httpx.AsyncClient) -> None:
    answer = await client.post("/images/generations", json={"prompt": "word " * 200, "quality": "low"})
    revised = answer.json()["data"][0]["revised_prompt"]
    assert revised.startswith("word word")
    assert len(revised) < 400


async def test_when_the_client_leaves_the_work_stops(tiny_diffusion: Path) -> None:
    """The connection closes with the first partial picture: of nine hundred steps few were computed."""
    from pleiade.engines.image_diffusers.painter import Painter

    painter, steps = Painter(tiny_diffusion, device="cpu", steps=900), []
    painter.whole.unet.register_forward_hook(lambda *_: steps.append(1))
    app = EngineApp(token="", max_body_bytes=1 << 20)
    options = DiffusersOptions(model="", model_id="tiny")
    app.service = open_service(painter, options, asyncio.get_running_loop())
    gone = asyncio.Event()
    body = json.dumps({"prompt": "a", "stream": True, "partial_images": 1}).encode()
    begun = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if begun:
            return begun.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        gone.set()

    scope = {"type": "http", "method": "POST", "path": "/v1/images/generations", "headers": []}
    await asyncio.wait_for(app(scope, receive, send), 60)  # type: ignore[arg-type]
    app.service.close()  # waits for the thread
    assert 1 <= len(steps) < 800
    assert 'outcome="cancelled"} 1' in app.service.metrics()


async def test_more_requests_than_the_queue_takes_are_told_to_come_again(client: httpx.AsyncClient) -> None:
    body = {"prompt": "a", "quality": "low"}
    answers = await asyncio.gather(*(client.post("/images/generations", json=body) for _ in range(12)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 429)


async def test_a_model_is_loaded_and_a_damaged_one_is_told(tiny_diffusion: Path, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    options = DiffusersOptions(model=str(tiny_diffusion), model_id="tiny", dtype="bf16", device="cpu")
    service = load(options, loop)
    assert service.models()[0]["id"] == "tiny"
    service.close()
    folder = shutil.copytree(tiny_diffusion, tmp_path / "damaged")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(LoadError, match="copy the model again"):
        load(msgspec.structs.replace(options, model=str(folder)), loop)


def test_where_a_library_is_missing_the_worker_says_what_adds_it(tiny_diffusion: Path, tmp_path: Path) -> None:
    for name in ("torch", "diffusers"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}', name='{name}')")
    arguments = ["--port", str(free_port()), "--model", str(tiny_diffusion), "--model-id", "tiny"]
    worker = subprocess.run(
        [sys.executable, "-m", "pleiade.engines.image_diffusers", *arguments],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert worker.returncode == LOAD_FAILED
    assert "torch is not installed here. Add it: pip install 'pleiade[pictures]'" in worker.stderr
