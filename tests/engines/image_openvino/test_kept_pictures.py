"""What the real engine draws is kept in the gallery, changed inside of a mask, and drawn again from its request."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from PIL import Image
from scripted_gateway import Gateways
from scripted_pictures import image_endpoint

from engines.worker_process import TOKEN, run_worker
from pleiade.gateway.rooms import production_rooms
from pleiade.provenance import verify
from pleiade.settings import Settings

WISH = {"model": "pix", "prompt": "a red ball", "size": "32x32", "quality": "low", "n": 2, "seed": 11, "store": True}


async def test_a_real_picture_is_kept_edited_and_made_again(base_pix: Path, tmp_path: Path) -> None:
    with run_worker(
        "pleiade.engines.image_openvino",
        ["--model", str(base_pix), "--model-id", "pix-1", "--threads", "1"],
        tmp_path / "log",
    ) as worker:
        engine: Any = SimpleNamespace(url=f"{worker.url}/v1")
        gateways = Gateways(engine)
        painter = image_endpoint(engine, headers={"authorization": f"Bearer {TOKEN}"})
        home = {"home": str(tmp_path)}
        try:
            served = await gateways.start(rooms=production_rooms(Settings(**home)), endpoints=[painter], **home)
            made = await (await served.post("/v1/images/generations", WISH)).json()
            first, second = [await (await served.get(f"/v1/gallery/{item['id']}")).json() for item in made["data"]]
            assert (first["seed"], second["seed"], first["width"], first["height"]) == (11, 12, 32, 32)
            data = await (await served.get(f"/v1/gallery/{first['id']}/content")).read()
            assert verify(data).good

            request = await (await served.get(f"/v1/gallery/{first['id']}/request")).json()
            again = await (await served.post(f"/v1{request['route']}", request["body"])).json()
            same = await (await served.get(f"/v1/gallery/{again['data'][0]['id']}/content")).read()
            assert Image.open(io.BytesIO(same)).tobytes() == Image.open(io.BytesIO(data)).tobytes()

            mask = Image.new("RGBA", (32, 32), (0, 0, 0, 255))
            mask.paste((0, 0, 0, 0), (16, 0, 32, 32))
            hole = io.BytesIO()
            mask.save(hole, "PNG")
            form = aiohttp.FormData()
            form.add_field("image", data, filename="a.png")
            form.add_field("mask", hole.getvalue(), filename="b.png")
            fields = {"model": "pix", "prompt": "a star", "quality": "low", "store": "true", "parent": first["id"]}
            for name, value in fields.items():
                form.add_field(name, value)
            async with served.client.post(served.url + "/v1/images/edits", data=form, headers=served.headers) as answer:
                assert answer.status == 200, await answer.text()
                (item,) = (await answer.json())["data"]
            edited = await (await served.get(f"/v1/gallery/{item['id']}")).json()
            assert (edited["kind"], edited["parent"]) == ("edit", first["id"])
            content = await (await served.get(f"/v1/gallery/{item['id']}/content")).read()
            box = (0, 0, 12, 32)
            before, after = (Image.open(io.BytesIO(one)).convert("RGBA").crop(box) for one in (data, content))
            assert before.tobytes() == after.tobytes(), "outside of the mask every pixel stays"
        finally:
            await gateways.stop()
