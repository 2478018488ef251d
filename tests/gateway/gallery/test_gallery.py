"""The gallery: pages, search, favourites, trees, uploads, conversions; and nobody sees another's."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from scripted_pictures import picture

from pleiade.provenance import verify


def file_of(format: str, size: tuple[int, int] = (40, 20), **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB" if format in ("JPEG", "MPO") else "RGBA", size, (200, 30, 60)).save(file, format, **options)
    return file.getvalue()


async def test_pages_go_on_where_the_last_one_ended(keeper: Any) -> None:
    made = [one["id"] for one in reversed(await keeper.made(5))]
    page = await keeper.get("/gallery?limit=2")
    assert ([one["id"] for one in page["data"]], page["has_more"]) == (made[:2], True)
    assert (page["first_id"], page["last_id"]) == (made[0], made[1])
    assert await keeper.listed(f"limit=2&after={page['last_id']}") == made[2:4]
    rest = await keeper.get(f"/gallery?limit=2&after={made[3]}")
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (made[4:], False)
    wrong = await keeper.ask("GET", "/gallery?after=pic_nowhere", status=400)
    assert wrong["error"]["param"] == "after"


async def test_pictures_are_found_by_words_kinds_and_favour(keeper: Any) -> None:
    (fox,) = await keeper.made(prompt="Un renard roux, été")
    (boat,) = await keeper.made(prompt="a red boat")
    own = await keeper.form("/gallery", {"file": file_of("PNG")}, title="My red boat")
    assert await keeper.listed("q=ete ren") == [fox["id"]]
    assert await keeper.listed("q=RED%20boa") == [own["id"], boat["id"]]
    assert await keeper.listed("q=%25") == []
    assert await keeper.listed("kind=upload") == [own["id"]]
    changed = await keeper.post(f"/gallery/{boat['id']}", {"favourite": True, "title": "Abend"})
    assert (changed["favourite"], changed["title"]) == (True, "Abend")
    assert await keeper.listed("favourite=true") == [boat["id"]]
    assert await keeper.listed("q=abend") == [boat["id"]]
    assert await keeper.listed("favourite=false") == [own["id"], fox["id"]]
    for query in ("favourite=maybe", "kind=drawing", "limit=x"):
        await keeper.ask("GET", f"/gallery?{query}", status=400)


async def test_nobody_else_sees_a_picture(keeper: Any) -> None:
    (mine,) = await keeper.made()
    other = keeper.other()
    assert await other.listed() == []
    for path in ("", "/content", "/provenance", "/request"):
        await other.get(f"/gallery/{mine['id']}{path}", status=404)
    await other.post(f"/gallery/{mine['id']}", {"favourite": True}, status=404)
    await other.delete(f"/gallery/{mine['id']}", status=404)
    assert (await keeper.get(f"/gallery/{mine['id']}"))["favourite"] is False


async def test_deleting_takes_the_bytes_and_hangs_children_higher(keeper: Any) -> None:
    (first,) = await keeper.made()
    ids = [first["id"]]
    for _ in range(2):
        form = {"model": "pix", "prompt": "more", "store": "true", "parent": ids[-1]}
        ids.append((await keeper.form("/images/edits", {"image": picture(len(ids))}, **form))["data"][0]["id"])
    before = len(keeper.objects)
    gone = await keeper.delete(f"/gallery/{ids[1]}")
    assert gone == {"id": ids[1], "object": "gallery.picture.deleted", "deleted": True}
    assert len(keeper.objects) < before
    assert (await keeper.get(f"/gallery/{ids[2]}"))["parent"] == ids[0]
    await keeper.get(f"/gallery/{ids[1]}/content", status=404)
    for name in (ids[0], ids[2]):
        await keeper.delete(f"/gallery/{name}")
    assert keeper.objects == []


async def test_a_converted_picture_is_signed_as_such(on_sqlite: Any) -> None:
    (made,) = await on_sqlite.made()
    for format in ("webp", "jpeg"):
        data = await on_sqlite.get(f"/gallery/{made['id']}/content?format={format}")
        report = verify(data)
        assert (report.good, report.format) == (True, format)
        assert report.claim is not None
        assert (report.claim.prompt, report.claim.seed, report.claim.converted) == (
            "a red circle",
            7,
            f"png to {format}",
        )
    told = await on_sqlite.get(f"/gallery/{made['id']}/provenance")
    assert (told["good"], told["ours"], told["claim"]["model"]) == (True, True, "pix-1")
    assert not told["claim"].get("converted")


async def test_previews_are_small_unsigned_and_never_larger(on_sqlite: Any) -> None:
    own = await on_sqlite.form("/gallery", {"file": file_of("PNG", (400, 200))})
    for _ in range(2):  # the second one from memory
        data = await on_sqlite.get(f"/gallery/{own['id']}/content?width=100")
        assert Image.open(io.BytesIO(data)).size == (100, 50)
        assert on_sqlite.told["content-type"] == "image/webp"
        assert on_sqlite.told["x-pleiade-provenance"] == "none"
        assert "immutable" in on_sqlite.told["cache-control"]
    assert await on_sqlite.get(f"/gallery/{own['id']}/content?width=900") == file_of("PNG", (400, 200))
    for wrong in ("width=1", "width=x", "width=99999", "format=tiff", "format=svg"):
        await on_sqlite.get(f"/gallery/{own['id']}/content?{wrong}", status=400)


async def test_what_we_did_not_sign_is_not_signed_by_converting_it(on_sqlite: Any) -> None:
    own = await on_sqlite.form("/gallery", {"file": file_of("PNG")})
    data = await on_sqlite.get(f"/gallery/{own['id']}/content?format=jpeg")
    assert not verify(data).signed
    assert on_sqlite.told["x-pleiade-provenance"] == "none"
    assert Image.open(io.BytesIO(data)).format == "JPEG"
    await on_sqlite.get(f"/gallery/{own['id']}/request", status=404)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
async def test_ones_own_picture_is_kept_as_it_came(on_sqlite: Any, format: str) -> None:
    data = file_of(format)
    own = await on_sqlite.form("/gallery", {"file": data})
    assert (own["kind"], own["format"], own["width"], own["height"]) == ("upload", format.lower(), 40, 20)
    assert own["title"] == "my picture"
    assert await on_sqlite.get(f"/gallery/{own['id']}/content") == data


async def test_a_photograph_that_lies_on_its_side_is_measured_upright(on_sqlite: Any) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    own = await on_sqlite.form("/gallery", {"file": file_of("JPEG", exif=exif)})
    assert (own["width"], own["height"]) == (20, 40)
    data = await on_sqlite.get(f"/gallery/{own['id']}/content?format=png")
    assert Image.open(io.BytesIO(data)).size == (20, 40)


async def test_a_photograph_with_its_preview_is_a_jpeg(on_sqlite: Any) -> None:
    small = Image.new("RGB", (10, 5))
    data = file_of("MPO", save_all=True, append_images=[small])
    own = await on_sqlite.form("/gallery", {"file": data})
    assert (own["format"], own["width"], own["height"]) == ("jpeg", 40, 20)
    assert await on_sqlite.get(f"/gallery/{own['id']}/content") == data
    assert on_sqlite.told["content-type"] == "image/jpeg"
    await on_sqlite.get(f"/gallery/{own['id']}/content?width=20")


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize("query", ["format=webp", "format=jpeg", "width=32"])
async def test_copies_of_16_bit_grey_are_scaled_and_not_clipped(on_sqlite: Any, query: str) -> None:
    ramp_HW = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (64, 1))
    own = await on_sqlite.form("/gallery", {"file": encoded(Image.fromarray(ramp_HW), "PNG")})
    copy = Image.open(io.BytesIO(await on_sqlite.get(f"/gallery/{own['id']}/content?{query}")))
    assert abs(np.asarray(copy.convert("L")).mean() - 127.5) < 2


@pytest.mark.parametrize("query", ["format=webp", "format=jpeg", "width=20"])
async def test_copies_are_srgb_and_carry_no_profile_of_the_original(on_sqlite: Any, query: str) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile of our own: what a file calls red is green.
    swapped = srgb.replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "ours".encode("utf-16-be"))
    data = encoded(Image.new("RGB", (40, 20), (250, 20, 30)), "PNG", icc_profile=swapped)
    own = await on_sqlite.form("/gallery", {"file": data})
    copy = Image.open(io.BytesIO(await on_sqlite.get(f"/gallery/{own['id']}/content?{query}")))
    assert "icc_profile" not in copy.info
    red, green, blue = copy.convert("RGB").getpixel((5, 5))
    assert green > 230 > 60 > max(red, blue)


@pytest.mark.parametrize("query", ["format=png", "width=20"])
async def test_copies_of_cmyk_are_rgb_without_the_profile_of_inks(on_sqlite: Any, query: str) -> None:
    inks = Image.new("CMYK", (40, 20), (0, 255, 255, 0))
    own = await on_sqlite.form("/gallery", {"file": encoded(inks, "JPEG", quality=100, icc_profile=b"of inks")})
    copy = Image.open(io.BytesIO(await on_sqlite.get(f"/gallery/{own['id']}/content?{query}")))
    assert (copy.mode, "icc_profile" in copy.info) == ("RGB", False)
    red, green, blue = copy.getpixel((5, 5))
    assert red > 180 > 60 > max(green, blue)


def bomb() -> bytes:
    """A PNG of 20,000 by 20,000 pixels in a few bytes."""
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "invalid_image_file"),
        (b"not a picture", "invalid_image_file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "invalid_image_file"),
        (file_of("PNG", (300, 300))[:60], "invalid_image_file"),
        (bomb(), "image_too_large"),
        (file_of("PNG", (8200, 2)), "image_too_large"),
        (file_of("WEBP", save_all=True, append_images=[Image.new("RGBA", (40, 20))]), "invalid_image_file"),
        (file_of("GIF"), "invalid_image_file"),
    ],
    ids=["empty", "text", "svg", "cut off", "bomb", "too wide", "animation", "gif"],
)
async def test_what_is_no_picture_is_refused_with_a_reason(on_sqlite: Any, data: bytes, code: str) -> None:
    answer = await on_sqlite.form("/gallery", {"file": data}, status=400)
    assert answer["error"]["code"] == code
    assert on_sqlite.objects == []


async def test_a_form_without_a_file_is_refused(on_sqlite: Any) -> None:
    answer = await on_sqlite.form("/gallery", {}, title="x", status=400)
    assert answer["error"]["param"] == "file"
