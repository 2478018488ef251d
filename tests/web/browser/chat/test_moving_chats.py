"""Chats brought from elsewhere and taken along, files dropped and pasted, and an answer that has to wait."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

AXE = Path(__file__).resolve().parents[4] / "web" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, PHONE = (1440, 900), (390, 844)


def node(key: str, parent: str | None, role: str, text: str, moment: float) -> dict[str, Any]:
    message = {
        "id": key,
        "author": {"role": role},
        "create_time": moment,
        "content": {"content_type": "text", "parts": [text]},
        "metadata": {"model_slug": "gpt-4o"},
        "recipient": "all",
    }
    return {"id": key, "message": message, "parent": parent, "children": []}


CHATGPT = [
    {
        "title": "Sea and sky",
        "create_time": 1700000000.5,
        "update_time": 1700000500.0,
        "conversation_id": "0a1b-conversation",
        "current_node": "a2",
        "mapping": {
            "q1": node("q1", None, "user", "Why is the sea blue?", 1700000100),
            "a1": node("a1", "q1", "assistant", "Because.", 1700000200),
            "a2": node("a2", "q1", "assistant", "Because water takes the red away.", 1700000300),
        },
    },
    {"title": "Not a chat"},
]
OPEN_WEBUI = [
    {
        "id": "5c6d",
        "title": "Recette de crêpes",
        "created_at": 1710000000,
        "updated_at": 1710000009,
        "chat": {
            "title": "Recette de crêpes",
            "models": ["llama3"],
            "messages": [
                {"role": "user", "content": "Une crêpe ?"},
                {"role": "assistant", "content": "**Oui**, avec du beurre salé."},
            ],
        },
    }
]
# What a file manager, and a clipboard, hand to a page.
GIVE = """
([kind, name, text, selector]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: 'text/plain' }));
  const on = document.querySelector(selector);
  const given = { bubbles: true, cancelable: true };
  if (kind === 'paste') on.dispatchEvent(new ClipboardEvent('paste', { ...given, clipboardData: data }));
  else for (const type of ['dragenter', 'dragover', 'drop']) {
    on.dispatchEvent(new DragEvent(type, { ...given, dataTransfer: data }));
  }
}
"""


def dialog(reader: Any, entry: str) -> Locator:
    """The dialog that an entry of the list's menu opens."""
    reader.page.get_by_role("button", name="More about chats").click()
    reader.page.get_by_role("menuitem", name=entry).click()
    found: Locator = reader.page.get_by_role("dialog", name=entry)
    return found


def test_chats_of_chatgpt_come_with_their_branches(reader: Any, tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("conversations.json", json.dumps(CHATGPT))
    at = dialog(reader, "Import chats")
    at.locator("input[type=file]").set_input_files(file)
    expect(at.get_by_text("1 chat imported.")).to_be_visible()
    at.get_by_text("1 was left out").click()
    expect(at.get_by_text("Not a chat:")).to_be_visible()
    at.locator("input[type=file]").set_input_files(file)
    expect(at.get_by_text("0 chats imported.")).to_be_visible()
    reader.page.keyboard.press("Escape")
    reader.page.get_by_role("link", name="Sea and sky").click()
    expect(reader.answers.last).to_contain_text("Because water takes the red away.")
    expect(reader.page.get_by_text("2/2")).to_be_visible()


def test_chats_of_open_webui_are_dropped_on_the_dialog(reader: Any) -> None:
    at = dialog(reader, "Import chats")
    reader.page.evaluate(GIVE, ["drop", "chats.json", json.dumps(OPEN_WEBUI), "[role=dialog] button:not([aria-label])"])
    expect(at.get_by_text("1 chat imported.")).to_be_visible()
    reader.page.keyboard.press("Escape")
    reader.page.get_by_role("link", name="Recette de crêpes").click()
    expect(reader.answers.last).to_contain_text("Oui, avec du beurre salé.")


@pytest.mark.parametrize("data", [b"[{", b'{"a": 1}', b"PK\x03\x04broken", b""])
def test_a_broken_file_is_refused_in_words(reader: Any, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "conversations.json"
    file.write_bytes(data)
    at = dialog(reader, "Import chats")
    at.locator("input[type=file]").set_input_files(file)
    told = at.get_by_role("alert").inner_text()
    assert len(told) > 20, told
    assert "HTTP" not in told, told
    expect(at.get_by_role("button", name="Choose a file")).to_be_enabled()


def test_everything_can_be_taken_along(reader: Any, tmp_path: Path) -> None:
    reader.ask("Take this along")
    at = dialog(reader, "Export chats")
    for name in ("JSON", "Markdown"):
        with reader.page.expect_download() as download:
            at.get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / name)
    assert "You asked chat: take this along." in (tmp_path / "JSON").read_text()
    with zipfile.ZipFile(io.BytesIO((tmp_path / "Markdown").read_bytes())) as packed:
        pages = [packed.read(name).decode() for name in packed.namelist() if name.endswith(".md")]
    assert any("You asked chat: take this along." in text for text in pages)
    # What was taken along can be brought back: here, everything is there already.
    reader.page.keyboard.press("Escape")
    back = dialog(reader, "Import chats")
    (tmp_path / "all.json").write_bytes((tmp_path / "JSON").read_bytes())
    back.locator("input[type=file]").set_input_files(tmp_path / "all.json")
    expect(back.get_by_role("status")).to_be_visible()


def test_too_many_requests_tell_how_long_to_wait(reader: Any) -> None:
    reader.ask("Please refuse this", wait=False)
    expect(reader.page.get_by_text("Too many requests; wait 7 seconds.")).to_be_visible()
    expect(reader.page.get_by_text("Please refuse this", exact=True).first).to_be_visible()
    expect(reader.page.get_by_role("button", name=re.compile("again", re.IGNORECASE)).first).to_be_visible()


@pytest.mark.parametrize(("kind", "selector"), [("drop", "main textarea"), ("paste", "main textarea")])
def test_files_come_by_drag_and_by_clipboard(reader: Any, kind: str, selector: str) -> None:
    reader.page.evaluate(GIVE, [kind, f"{kind}.txt", "The answer is in this file.", selector])
    expect(reader.page.get_by_text(f"{kind}.txt")).to_be_visible()
    expect(reader.page.get_by_text("Read whole")).to_be_visible()
    reader.ask("What does it say?")
    expect(reader.answers.last).to_contain_text("what does it say?")
    expect(reader.page.get_by_role("article", name="You").last.get_by_text(f"{kind}.txt")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1440", "390"])
def test_every_dialog_is_whole_and_readable(
    open_reader: Callable[..., Any],
    screenshot: Callable[..., None],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    size: tuple[int, int],
    dark: bool,
) -> None:
    reader = open_reader(size)
    page = reader.page
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    reader.go()
    reader.box.wait_for()
    reader.ask("A chat to share")
    look = request.node.callspec.id

    def look_at(name: str) -> None:
        screenshot(reader, f"chat-{name}-{look}")
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == [], name
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), name

    def open_list() -> None:
        if size == PHONE:
            page.get_by_role("button", name="Menu").click()

    page.get_by_role("button", name="Share", exact=True).click()
    look_at("share")
    page.get_by_role("dialog", name="Share").get_by_role("button", name="Make a link").click()
    page.get_by_role("button", name="Copy link").wait_for()
    look_at("shared")
    page.keyboard.press("Escape")
    (tmp_path / "conversations.json").write_text(json.dumps(CHATGPT))
    for entry in ("Import chats", "Export chats"):
        open_list()
        at = dialog(reader, entry)
        look_at(entry.partition(" ")[0].lower())
        if entry == "Import chats":
            at.locator("input[type=file]").set_input_files(tmp_path / "conversations.json")
            at.get_by_text("left out").click()
            look_at("imported")
        reader.go()
        reader.box.wait_for()
    open_list()
    page.get_by_role("button", name="New project").click()
    at = page.get_by_role("dialog", name="New project")
    at.get_by_role("button", name="Save").click()
    at.locator("input[type=file]").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Notes."})
    at.get_by_text("Read whole").wait_for()
    look_at("project")
