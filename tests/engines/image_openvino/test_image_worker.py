"""The picture worker as the supervisor starts it: a real process, real HTTP, random weights."""

import asyncio
import base64
import io
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from engines.worker_process import TOKEN, Worker, run_worker
from pleiade.engines.image_openvino.worker import ImageOptions, load
from pleiade.engines.wire.serve import LoadError
from pleiade.registry import inspect_model
from pleiade.registry.inspect import file_sha256

MODULE = "pleiade.engines.image_openvino"
ROUTE = "/images/generations"


@pytest.fixture(scope="module")
def image_worker(base_pix: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker in whose world torch, onnx and onnxruntime raise on import."""
    folder = tmp_path_factory.mktemp("images")
    for name in ("torch", "transformers", "onnx", "onnxruntime"):
        (folder / f"{name}.py").write_text("raise ImportError('not in the serving path')")
    arguments = ["--model", str(base_pix), "--model-id", "pix", "--queue-limit", "15", "--threads", "1"]
    with run_worker(MODULE, arguments, folder / "log", env={"PYTHONPATH": str(folder)}) as worker:
        yield worker


def picture_of(item: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(item["b64_json"])))


def png(size: tuple[int, int], colour: tuple[int, ...] = (200, 30, 30, 255)) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", size, colour).save(file, "PNG")
    return file.getvalue()


def holed(size: tuple[int, int], hole: tuple[int, int, int, int]) -> bytes:
    """Noise with a transparent box (left, top, right, bottom)."""
    rgba = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 4), np.uint8)
    rgba[..., 3] = 255
    rgba[hole[1] : hole[3], hole[0] : hole[2]] = 0
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    return file.getvalue()


def photograph(size: tuple[int, int]) -> bytes:
    """A JPEG with something in it."""
    file = io.BytesIO()
    Image.effect_noise((64, 64), 90).resize(size).convert("RGB").save(file, "JPEG", quality=60)
    return file.getvalue()


def events_of(worker: Worker, path: str, **body: Any) -> list[dict[str, Any]]:
    """A stream's events; each carries its name twice, as OpenAI's do."""
    with worker.client.stream("POST", f"/v1{path}", json={"stream": True, **body}) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = answer.read().decode()
    found = re.findall(r"event: (\S+)\ndata: (.*)\n\n", text)
    events = [json.loads(data) for _, data in found]
    assert [name for name, _ in found] == [event["type"] for event in events]
    return events


def value_of(worker: Worker, name: str) -> float:
    found = re.search(rf"^{name}\{{[^}}]*\}} (\S+)$", worker.client.get("/metrics").text, re.M)
    assert found
    return float(found[1])


def test_a_prompt_becomes_pictures_whose_seeds_are_told(image_worker: Worker) -> None:
    answer = image_worker.ok(ROUTE, prompt="a red cat", n=3, size="48x32", seed=4294967294, quality="medium")
    assert [item["seed"] for item in answer["data"]] == [4294967294, 4294967295, 0]
    assert [picture_of(item).size for item in answer["data"]] == [(48, 32)] * 3
    assert len({item["b64_json"] for item in answer["data"]}) == 3
    assert (answer["size"], answer["quality"], answer["output_format"]) == ("48x32", "medium", "png")
    tokens = answer["usage"]["input_tokens"]
    assert answer["usage"]["output_tokens"] == 3 * (3 * 2) * 2  # 16 x 16 pixels each, twice for medium
    assert tokens == answer["usage"]["input_tokens_details"]["text_tokens"] > 0


def test_the_same_seed_gives_the_same_bytes_and_the_second_picture_has_the_next_seed(image_worker: Worker) -> None:
    asked = {"prompt": "a blue star", "size": "64x64", "quality": "medium"}
    pair = image_worker.ok(ROUTE, **asked, n=2, seed=11)["data"]
    again = image_worker.ok(ROUTE, **asked, seed=12)["data"]
    assert pair[1]["b64_json"] == again[0]["b64_json"]
    assert image_worker.ok(ROUTE, **asked)["data"][0]["b64_json"] != pair[0]["b64_json"]


def test_prompt_style_and_negative_prompt_change_the_picture(image_worker: Worker) -> None:
    asked = {"size": "16x16", "quality": "low", "seed": 5}
    kinds = [
        {"prompt": "a red cat"},
        {"prompt": "a green tree"},
        {"prompt": "a red cat", "style": "noto"},
        {"prompt": "a red cat", "negative_prompt": "yellow"},
    ]
    made = [image_worker.ok(ROUTE, **asked, **kind)["data"][0]["b64_json"] for kind in kinds]
    assert len(set(made)) == 4
    assert "noto" in image_worker.client.get("/v1/models").json()["data"][0]["styles"]
    assert image_worker.error(ROUTE, prompt="a", style="baroque")["param"] == "style"


@pytest.mark.parametrize("output_format", ["png", "webp", "jpeg"])
def test_formats_are_what_they_say(image_worker: Worker, output_format: str) -> None:
    asked = {"prompt": "a moon", "size": "32x32", "quality": "low", "output_format": output_format}
    item = image_worker.ok(ROUTE, **asked, background="opaque")["data"][0]
    picture = picture_of(item)
    assert (picture.format, picture.mode) == (output_format.upper(), "RGB")


def test_svg_is_drawn_in_curves(image_worker: Worker) -> None:
    answer = image_worker.ok(ROUTE, prompt="a moon", size="64x64", quality="low", output_format="svg")
    assert b"<svg " in base64.b64decode(answer["data"][0]["b64_json"])


def test_a_prompt_too_long_to_be_read_whole_is_answered_with_what_was_read(image_worker: Worker) -> None:
    prompt = "a red cat on a green tree " * 40
    item = image_worker.ok(ROUTE, prompt=prompt, size="16x16", quality="low")["data"][0]
    assert 0 < len(item["revised_prompt"]) < len(prompt)
    assert prompt.startswith(item["revised_prompt"])
    assert "revised_prompt" not in image_worker.ok(ROUTE, prompt="a", size="16x16", quality="low")["data"][0]


@pytest.mark.parametrize("prompt", ["🚀🚀", "une étoile à côté d'une forêt", "قطة حمراء", "x" * 32_000])
def test_any_script_may_be_asked_in(image_worker: Worker, prompt: str) -> None:
    assert image_worker.ok(ROUTE, prompt=prompt, size="16x16", quality="low")["data"]


def test_a_stream_brings_partial_pictures_in_order_and_each_picture_once(image_worker: Worker) -> None:
    asked = {"prompt": "a star", "n": 2, "size": "32x32", "seed": 3, "quality": "high"}
    events = events_of(image_worker, ROUTE, **asked, partial_images=3)
    whole = image_worker.ok(ROUTE, **asked)
    for index in (0, 1):
        mine = [event for event in events if event["index"] == index]
        kinds = [event["type"] for event in mine]
        assert kinds == ["image_generation.partial_image"] * 3 + ["image_generation.completed"]
        assert [event["partial_image_index"] for event in mine[:3]] == [0, 1, 2]
        assert mine[3]["b64_json"] == whole["data"][index]["b64_json"]
        assert len({event["b64_json"] for event in mine}) == 4
    totals = Counter({"input_tokens": 0, "output_tokens": 0})
    for event in events:
        totals.update({key: event.get("usage", {}).get(key, 0) for key in totals})
    assert totals == {key: whole["usage"][key] for key in totals}
    assert [event["type"] for event in events_of(image_worker, ROUTE, **asked)] == ["image_generation.completed"] * 2


def test_an_edit_keeps_every_pixel_outside_of_the_mask(image_worker: Worker) -> None:
    data = holed((40, 40), (10, 10, 30, 30))
    given = np.asarray(Image.open(io.BytesIO(data)))
    kept = given[..., 3] == 255
    files = {"image": ("a.png", data), "mask": ("m.png", data)}
    answer = image_worker.client.post("/v1/images/edits", data={"prompt": "a moon", "seed": "1"}, files=files)
    assert answer.status_code == 200, answer.text
    made = np.asarray(picture_of(answer.json()["data"][0]).convert("RGBA"))
    assert (made[kept] == given[kept]).all()
    assert (made[~kept][:, 3] == 255).all()
    assert answer.json()["usage"]["input_tokens_details"]["image_tokens"] == 9
    events = []
    with image_worker.client.stream(
        "POST",
        "/v1/images/edits",
        data={"prompt": "a moon", "stream": "true", "partial_images": "1"},
        files={"image[]": ("a.png", data)},
    ) as stream:
        events = re.findall(r"event: (\S+)", stream.read().decode())
    assert events == ["image_edit.partial_image", "image_edit.completed"]


@pytest.mark.parametrize(("size", "made"), [("1024x1024", (1024, 1024)), ("512x1024", (512, 1024)), ("", (5712, 4284))])
def test_a_photograph_is_edited_in_the_size_that_is_wanted(
    image_worker: Worker, size: str, made: tuple[int, int]
) -> None:
    form = {"prompt": "a moon", "output_format": "jpeg", "size": size}
    files = {"image": ("a.jpg", photograph((5712, 4284)))}
    answer = image_worker.client.post("/v1/images/edits", data=form, files=files)
    assert answer.status_code == 200, answer.text[:500]
    assert picture_of(answer.json()["data"][0]).size == made


def test_a_picture_is_enlarged_and_stays_what_it_was_inside(image_worker: Worker) -> None:
    data = holed((24, 24), (0, 0, 0, 0))
    form = {"prompt": "a green tree", "left": "20", "bottom": "12", "n": "2"}
    answer = image_worker.client.post("/v1/images/outpaint", data=form, files={"image": ("a.png", data)})
    assert answer.status_code == 200, answer.text
    made = [np.asarray(picture_of(item).convert("RGBA")) for item in answer.json()["data"]]
    given = np.asarray(Image.open(io.BytesIO(data)))
    for picture in made:
        assert picture.shape == (36, 44, 4)
        assert (picture[:24, 20:] == given).all()
    assert (made[0] != made[1]).any()


def test_variations_resemble_what_was_sent_and_differ_by_seed(image_worker: Worker) -> None:
    def vary(data: bytes, seed: int) -> bytes:
        form = {"seed": str(seed), "size": "16x16", "quality": "low"}
        answer = image_worker.client.post("/v1/images/variations", data=form, files={"image": ("a.png", data)})
        assert answer.status_code == 200, answer.text
        return base64.b64decode(answer.json()["data"][0]["b64_json"])

    red, blue = png((50, 30)), png((50, 30), (20, 20, 220, 255))
    assert vary(red, 1) == vary(red, 1)
    assert len({vary(red, 1), vary(red, 2), vary(blue, 1)}) == 3


def test_a_client_that_leaves_ends_the_work(image_worker: Worker) -> None:
    left = value_of(image_worker, "pleiade_engine_waiting")
    before = value_of(image_worker, "pleiade_engine_predictions_total")
    asked = image_worker.client.build_request(
        "POST",
        f"/v1{ROUTE}",
        json={"prompt": "a cat", "n": 10, "quality": "high", "size": "16x16"},
        headers={"x-request-id": "left"},
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items())
    with socket.create_connection((asked.url.host, asked.url.port)) as caller:
        caller.sendall(f"POST /v1{ROUTE} HTTP/1.1\r\n{head}\r\n".encode() + asked.read())
        while value_of(image_worker, "pleiade_engine_predictions_total") == before:
            time.sleep(0.001)
    give_up = time.monotonic() + 60
    while value_of(image_worker, "pleiade_engine_waiting") > left and time.monotonic() < give_up:
        time.sleep(0.02)
    image_worker.ok(ROUTE, prompt="a", size="16x16", quality="low")  # the pass that ran is over
    passes = value_of(image_worker, "pleiade_engine_predictions_total")
    time.sleep(0.1)
    assert value_of(image_worker, "pleiade_engine_predictions_total") == passes
    assert passes - before < 10 * 8 * 6 * 2  # all candidates to the end would have been as many
    usage = image_worker.client.get("/v1/usage/left").json()["usage"]
    assert usage["images"] < 10


async def test_of_two_hundred_requests_each_is_served_or_told_when_to_come_again(image_worker: Worker) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(
        base_url=image_worker.url, headers=headers, timeout=120, limits=limits, trust_env=False
    ) as client:
        body = {"prompt": "a cat", "size": "16x16", "quality": "low"}
        answers = await asyncio.gather(*(client.post(f"/v1{ROUTE}", json=body) for _ in range(200)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] >= 16  # one is drawn, fifteen wait
    for answer in answers:
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 60
            assert answer.json()["error"]["code"] == "rate_limit_exceeded"
    assert image_worker.ok(ROUTE, **body)["data"]


@pytest.mark.parametrize(
    ("path", "data", "param"),
    [
        ("/images/edits", b"not a picture", "image"),
        ("/images/outpaint", png((3000, 3000)), "size"),
        ("/images/variations", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "image"),
    ],
)
def test_what_is_no_usable_picture_is_refused_before_any_work(
    image_worker: Worker, path: str, data: bytes, param: str
) -> None:
    form = {"prompt": "a", "left": "4000"} if path.endswith("outpaint") else {"prompt": "a"}
    answer = image_worker.client.post(f"/v1{path}", data=form, files={"image": ("a.png", data)})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def damaged(folder: Path, copy: Path, name: str, *, at: int | None) -> Path:
    """A copy of a model with one byte of a file changed, or (`at` None) its second half missing."""
    shutil.copytree(folder, copy)
    path = copy / name
    data = bytearray(path.read_bytes())
    if at is None:
        del data[len(data) // 2 :]
    else:
        data[at] ^= 1
    path.write_bytes(data)
    return copy


@pytest.mark.parametrize(
    ("name", "at", "says"),
    [
        ("picture.onnx", 5000, "picture.onnx was changed or damaged"),
        ("config.json", None, "config.json is damaged"),
        ("tokenizer.json", None, "tokenizer.json cannot be read"),
    ],
)
async def test_a_damaged_model_is_refused_with_what_to_do(
    base_pix: Path, tmp_path: Path, name: str, at: int | None, says: str
) -> None:
    copy = damaged(base_pix, tmp_path / "pix", name, at=at)
    listing = "".join(f"{file_sha256(path)}  {path.name}\n" for path in base_pix.glob("*.onnx"))
    for sums, registered in ((listing, ""), ("", inspect_model(base_pix).sha256)):
        (copy / "SHA256SUMS").write_text(sums)
        options = ImageOptions(model=str(copy), model_id="x", sha256=registered)
        with pytest.raises(LoadError, match="copy its folder again") as refused:
            load(options, asyncio.get_running_loop())
        assert says in str(refused.value) or (not sums and name in str(refused.value))


def test_a_graph_that_is_damaged_and_not_registered_is_refused_as_well(base_pix: Path, tmp_path: Path) -> None:
    copy = damaged(base_pix, tmp_path / "pix", "picture.onnx", at=None)
    arguments = ["--model", str(copy), "--model-id", "x", "--port", "0"]
    ended = subprocess.run([sys.executable, "-m", MODULE, *arguments], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 3
    assert "cannot be run" in ended.stderr
    assert "Traceback" not in ended.stderr
