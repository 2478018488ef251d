"""What is kept: found again, marked, taken along, deleted and brought back."""

import io
import re
from typing import Any

import httpx
from painting import scene
from playwright.sync_api import expect


def tiles(artist: Any) -> Any:
    return artist.page.get_by_role("list", name="Gallery").get_by_role("link")


def test_pictures_are_found_by_their_words_and_the_address_keeps_them(artist: Any) -> None:
    artist.draw("a purple teapot")
    artist.draw("a red ball")
    artist.go("/images/gallery")
    tiles(artist).nth(7).wait_for()
    artist.page.get_by_role("searchbox").fill("teapot")
    expect(tiles(artist)).to_have_count(4)
    assert "q=teapot" in artist.page.url
    artist.page.reload()
    expect(tiles(artist)).to_have_count(4)
    artist.page.get_by_role("searchbox").fill("nothing like it")
    artist.page.get_by_text("No picture found").wait_for()
    artist.page.get_by_role("link", name="Show all").click()
    tiles(artist).nth(7).wait_for()


def test_the_gallery_is_walked_and_changed_by_keyboard(artist: Any) -> None:
    artist.draw("a kite")
    artist.go("/images/gallery?q=kite")
    tiles(artist).first.focus()
    artist.page.keyboard.press("ArrowRight")
    expect(tiles(artist).nth(1)).to_be_focused()
    artist.page.keyboard.press("f")
    expect(tiles(artist).nth(1).get_by_label("Favourite", exact=True)).to_be_visible()
    artist.page.get_by_role("main").get_by_role("button", name="Favourites").click()
    expect(tiles(artist)).to_have_count(1)
    artist.page.get_by_role("main").get_by_role("button", name="Favourites").click()
    expect(tiles(artist)).to_have_count(4)
    tiles(artist).first.focus()
    artist.page.keyboard.press("Delete")
    expect(tiles(artist)).to_have_count(3)
    artist.page.get_by_role("button", name="Undo").click()
    expect(tiles(artist)).to_have_count(4)
    artist.page.keyboard.press("Tab")
    tiles(artist).first.focus()
    artist.page.keyboard.press("Enter")
    artist.page.wait_for_url("**/images/pic_*")


def test_deleting_is_real_once_the_moment_to_undo_is_over(artist: Any) -> None:
    one = artist.open_one("a lamp")
    artist.page.get_by_role("button", name="More about this picture").click()
    artist.page.get_by_role("menuitem", name="Delete").click()
    artist.page.wait_for_url("**/images/gallery")
    with artist.page.expect_response(lambda told: told.request.method == "DELETE" and one in told.url):
        pass
    artist.go(f"/images/{one}")
    artist.page.get_by_text("This picture is gone").wait_for()


def test_thousands_of_pictures_draw_a_screenful(artist: Any) -> None:
    listed = {"object": "list", "has_more": False, "first_id": "pic_0", "last_id": "pic_2999"}
    fields = {
        "object": "gallery.picture", "created": 1, "title": "", "kind": "generation", "prompt": "one of many",
        "negative_prompt": "", "revised_prompt": "", "deployment": "pictures", "model": "m", "seed": 1, "style": "",
        "quality": "low", "size": "16x16", "width": 16, "height": 16, "bytes": 1, "format": "png", "background": "",
        "parent": None, "favourite": False,
    }  # fmt: skip
    data = [{"id": f"pic_{number}", "step": f"step_{number // 4}", **fields} for number in range(3000)]
    file = io.BytesIO()
    scene((16, 16), 1).save(file, "PNG")
    artist.page.route(
        re.compile(r"/v1/gallery/pic_\d+/content"),
        lambda route: route.fulfill(body=file.getvalue(), content_type="image/png"),
    )
    artist.page.route(re.compile(r"/v1/gallery\?"), lambda route: route.fulfill(json={**listed, "data": data}))
    artist.go("/images/gallery")
    tiles(artist).first.wait_for()
    assert tiles(artist).count() < 80
    tiles(artist).first.focus()
    artist.page.keyboard.press("End")
    expect(artist.page.locator("[data-picture=pic_2999]")).to_be_focused()
    assert tiles(artist).count() < 80


def test_a_picture_is_taken_along_in_every_format(artist: Any) -> None:
    artist.open_one("a blue kite")
    for name, starts in (("PNG", b"\x89PNG"), ("WebP", b"RIFF"), ("JPEG", b"\xff\xd8\xff")):
        artist.page.get_by_role("button", name="Download", exact=True).click()
        with artist.page.expect_download() as download:
            artist.page.get_by_role("menuitem", name=re.compile(f"^{name}")).click()
        assert download.value.path().read_bytes().startswith(starts)
        assert download.value.suggested_filename.startswith("a-blue-kite.")


def test_the_call_that_is_shown_is_the_one_that_was_made(artist: Any) -> None:
    artist.open_one("a blue kite")
    asked = next(one for one in reversed(artist.stage.engine.seen) if one.path.endswith("/generations")).body
    artist.page.get_by_role("button", name="Details", exact=True).click()
    code = artist.page.get_by_role("tabpanel")
    for name in ("prompt", "n", "quality", "partial_images"):
        expect(code).to_contain_text(f'"{name}": ')
    assert asked["prompt"] == "a blue kite"
    for way in ("Python", "JavaScript"):
        artist.page.get_by_role("tab", name=way, exact=True).click()
        expect(artist.page.get_by_role("tabpanel", name=way, exact=True)).to_contain_text("images.generate")


def test_a_picture_goes_on_in_chat(artist: Any) -> None:
    artist.open_one("a blue kite")
    artist.page.get_by_role("button", name="More about this picture").click()
    artist.page.get_by_role("menuitem", name="Use in Chat").click()
    artist.page.wait_for_url("**/chat")
    expect(artist.page.get_by_text("a-blue-kite.png")).to_be_visible()


def test_what_is_pasted_is_opened(artist: Any) -> None:
    file = io.BytesIO()
    scene((64, 64), 3).save(file, "PNG")
    artist.page.evaluate(
        """(bytes) => {
          const clipboard = new DataTransfer();
          clipboard.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
          document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true }));
        }""",
        list(file.getvalue()),
    )
    artist.page.wait_for_url("**/images/pic_*")


def test_a_file_that_is_no_picture_is_refused_in_words(artist: Any) -> None:
    artist.page.locator("input[type=file]").first.set_input_files(
        {"name": "not.png", "mimeType": "image/png", "buffer": b"no picture at all"}
    )
    artist.page.get_by_role("status").filter(has_text=re.compile("picture|PNG", re.IGNORECASE)).wait_for()
    assert artist.page.url.endswith("/images")


def test_nobody_sees_another_persons_pictures(artist: Any, studio: Any) -> None:
    one = artist.open_one("a secret")
    assert httpx.get(f"{studio.url}/v1/gallery/{one}/content", trust_env=False).status_code == 401
