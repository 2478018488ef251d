"""Working on a picture: masks by hand and by keyboard, the frame that enlarges it, and the way back."""

import io
import re
from typing import Any

from painting import scene
from PIL import Image, ImageChops
from playwright.sync_api import expect

from pleiade.engines.wire.images.forms import read_form


def last_form(artist: Any) -> dict[str, bytes]:
    """The form that the engine got last."""
    exchange = artist.stage.engine.seen[-1]
    return {part.name: part.data for part in read_form(exchange.raw, exchange.headers["content-type"])}


def marked(artist: Any) -> tuple[int, int, int, int] | None:
    """The box of what the last mask lets change."""
    mask = Image.open(io.BytesIO(last_form(artist)["mask"])).getchannel("A")
    return mask.point(lambda alpha: 255 * (alpha == 0)).getbbox()


def tool(artist: Any, name: str) -> None:
    artist.page.get_by_role("toolbar", name="Tools").get_by_role("button", name=name, exact=True).click()


def drag(artist: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A hand on the canvas, from and to in parts of it."""
    box = artist.canvas.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    artist.page.mouse.move(*at[0])
    artist.page.mouse.down()
    artist.page.mouse.move(*at[1], steps=8)
    artist.page.mouse.up()


def change(artist: Any, prompt: str, action: str = "Change") -> None:
    """Ask for what is described, and wait until the candidates are there."""
    artist.box.fill(prompt)
    artist.page.get_by_role("button", name=action, exact=True).last.click()
    artist.finished.nth(3).wait_for()


def test_what_the_brush_marked_changes_and_nothing_else(artist: Any) -> None:
    artist.open_one()
    tool(artist, "Mask")
    drag(artist, (0.45, 0.4), (0.55, 0.5))
    expect(artist.page.get_by_text(re.compile(r"% may change"))).to_be_visible()
    change(artist, "a blue star")
    form = last_form(artist)
    assert form["prompt"] == b"a blue star"
    box = marked(artist)
    assert box is not None
    artist.finished.first.click()
    artist.page.get_by_role("button", name="Compare").wait_for()
    before = Image.open(io.BytesIO(form["image"])).convert("RGBA")
    address = artist.page.url.rpartition("/")[2].partition("?")[0]
    after = Image.open(io.BytesIO(artist.page.request.get(f"{artist.stage.url}/v1/gallery/{address}/content").body()))
    changed = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()
    assert changed is not None
    both = (*map(min, changed[:2], box[:2]), *map(max, changed[2:], box[2:]))
    assert both == box, "nothing outside of what was marked"


def test_a_mask_is_painted_by_keyboard_alone(artist: Any) -> None:
    artist.open_one()
    artist.canvas.focus()
    artist.page.keyboard.press("2")
    artist.canvas.focus()
    for key in ("ArrowLeft", "Space", "ArrowRight", "ArrowRight", "ArrowRight", "Space"):
        artist.page.keyboard.press(key)
    told = artist.page.get_by_text(re.compile(r"% may change"))
    told.wait_for()
    artist.page.keyboard.press("Control+z")
    artist.page.get_by_text("Nothing is marked").wait_for()
    artist.page.keyboard.press("Control+Shift+Z")
    told.wait_for()
    artist.page.keyboard.press("x")
    expect(told).to_have_text(re.compile("^9"))
    artist.page.keyboard.press("Delete")
    artist.page.get_by_text("Nothing is marked").wait_for()
    artist.page.keyboard.press("r")
    for key in ("Space", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Space"):
        artist.page.keyboard.press(key)
    told.wait_for()
    change(artist, "a yellow box")
    assert marked(artist) is not None


def test_the_eraser_takes_away_and_the_background_is_found(artist: Any) -> None:
    artist.open_one()
    tool(artist, "Mask")
    masks = artist.page.get_by_role("toolbar", name="Mask")
    masks.get_by_role("button", name="Whole background").click()
    told = artist.page.get_by_text(re.compile(r"% may change"))
    told.wait_for()
    whole = told.inner_text()
    masks.get_by_role("button", name="Eraser").click()
    drag(artist, (0.4, 0.15), (0.6, 0.15))
    expect(told).not_to_have_text(whole)


def test_a_finger_paints_too(artist: Any) -> None:
    artist.open_one()
    tool(artist, "Mask")
    box = artist.canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = artist.page.context.new_cdp_session(artist.page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        point = {"x": x + 8 * step, "y": y + 4 * step}
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    artist.page.get_by_text(re.compile(r"% may change")).wait_for()


def test_the_frame_enlarges_the_picture_in_any_direction(artist: Any) -> None:
    artist.open_one()
    tool(artist, "Enlarge")
    sides = artist.page.get_by_role("toolbar", name="Enlarge")
    artist.canvas.focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown", "Shift+ArrowRight", "Alt+ArrowLeft"):
        artist.page.keyboard.press(key)
    got = {name: int(sides.get_by_label(name).input_value()) for name in ("Left", "Right", "Top", "Bottom")}
    assert got == {"Left": 16, "Right": 1, "Top": 0, "Bottom": 16}
    expect(sides.get_by_text("529 × 528 pixels")).to_be_visible()
    sides.get_by_role("button", name="Twice as wide").click()
    expect(sides.get_by_text("1024 × 512 pixels")).to_be_visible()
    sides.get_by_label("Top").fill("9999")
    expect(sides.get_by_text("at most 4096 on a side")).to_be_visible()
    sides.get_by_label("Top").fill("64")
    change(artist, "a wide meadow", "Enlarge")
    form = last_form(artist)
    assert [form[side] for side in ("left", "right", "top", "bottom")] == [b"256", b"256", b"64", b"0"]
    artist.finished.nth(1).click()
    artist.page.get_by_role("button", name="Details", exact=True).click()
    expect(artist.page.get_by_text("1024 × 576 · PNG", exact=False)).to_be_visible()


def test_a_handle_of_the_frame_is_dragged(artist: Any) -> None:
    artist.open_one()
    tool(artist, "Enlarge")
    sides = artist.page.get_by_role("toolbar", name="Enlarge")
    artist.page.wait_for_function("window.innerWidth > 0")
    box = artist.canvas.bounding_box()
    # The picture is square and stands in the middle, 24 pixels below the canvas' upper edge.
    side = box["height"] - 48
    right = box["x"] + box["width"] / 2 + side / 2
    artist.page.mouse.move(right, box["y"] + box["height"] / 2)
    artist.page.mouse.down()
    artist.page.mouse.move(right + 80, box["y"] + box["height"] / 2, steps=8)
    artist.page.mouse.up()
    assert int(sides.get_by_label("Right").input_value()) > 40
    assert int(sides.get_by_label("Left").input_value()) == 0


def test_an_enlargement_that_adds_nothing_is_not_asked_for(artist: Any) -> None:
    artist.open_one()
    tool(artist, "Enlarge")
    asked = len(artist.stage.engine.seen)
    artist.page.get_by_role("button", name="Enlarge", exact=True).last.click()
    artist.page.get_by_text("First drag the frame").wait_for()
    assert len(artist.stage.engine.seen) == asked


def test_steps_are_gone_back_and_on_and_compared(artist: Any) -> None:
    first = artist.open_one()
    change(artist, "another ball", "Make anew")
    artist.finished.nth(2).click()
    artist.page.get_by_role("button", name="Compare").wait_for()
    second = artist.page.url.rpartition("/")[2]
    assert second != first
    artist.page.get_by_role("button", name="Compare").click()
    slider = artist.page.get_by_role("slider", name="Compare")
    slider.focus()
    artist.page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("51")
    assert "tool=compare" in artist.page.url
    artist.page.get_by_role("button", name="Back to the picture before").click()
    artist.page.wait_for_url(f"**/images/{first}*")
    artist.page.get_by_role("button", name="On to the picture after").click()
    artist.page.wait_for_url(f"**/images/{second}*")


def test_variations_hang_below_their_picture(artist: Any) -> None:
    artist.open_one()
    artist.page.get_by_role("button", name="More about this picture").click()
    artist.page.get_by_role("menuitem", name="Make variations").click()
    artist.finished.nth(3).wait_for()
    assert "/images/variations" in artist.stage.engine.seen[-1].path
    artist.finished.first.click()
    artist.page.get_by_role("button", name="Compare").wait_for()


def test_ones_own_picture_is_opened_and_painted_on(artist: Any) -> None:
    file = io.BytesIO()
    scene((300, 200), 2).save(file, "PNG")
    given = {"name": "mine.png", "mimeType": "image/png", "buffer": file.getvalue()}
    artist.page.locator("input[type=file]").first.set_input_files(given)
    artist.page.wait_for_url("**/images/pic_*")
    artist.canvas.wait_for()
    tool(artist, "Enlarge")
    artist.page.get_by_role("button", name="Square", exact=True).click()
    change(artist, "a square", "Enlarge")
    form = last_form(artist)
    assert [form[side] for side in ("left", "right", "top", "bottom")] == [b"0", b"0", b"50", b"50"]
