"""Which program an export is of, and all chats in it. To be run in the child process only."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec

from pleiade.products.chat.documents.bounds import CHATS, IMPORT_BYTES, UnreadableError
from pleiade.products.chat.importing import chatgpt, open_webui, own
from pleiade.products.chat.importing.imported import Imported, ImportedChat, Skipped, line

_WANTED = (
    "Give ChatGPT's export (the zip, or conversations.json in it), Open WebUI's (chat-export-….json), or the JSON that "
    "GET /chats/export gives."
)


def read_export(data: bytes) -> Imported:
    """The chats in an export, zipped or not. Raises UnreadableError."""
    texts = _unzipped(data) if data.startswith(b"PK\x03\x04") else [data]
    chats: list[ImportedChat] = []
    skipped: list[Skipped] = []
    for told in texts:
        for record, folders in _records(told):
            if len(chats) + len(skipped) >= CHATS:
                raise UnreadableError(f"There are more than {CHATS:,} chats in it: import them in parts.")
            try:
                chat = _chat(record, folders)
            except UnreadableError as error:
                skipped.append(Skipped(_title(record), f"{error}."))
                continue
            if chat.pieces:
                chats.append(chat)
            else:
                skipped.append(Skipped(chat.title, "there is no message in it."))
    return Imported(chats, skipped)


def _chat(record: object, folders: dict[str, str]) -> ImportedChat:
    match record:
        case {"mapping": _}:
            return chatgpt.chat_from(record)  # type: ignore[arg-type]  # the pattern says that it is a dict
        case {"object": "chat", "messages": list()}:
            return own.chat_from(record, folders)  # type: ignore[arg-type]
        case {"chat": dict()} | {"history": dict()}:
            return open_webui.chat_from(record)  # type: ignore[arg-type]
    raise UnreadableError("it is in no form that is known here")


def _records(data: bytes) -> Iterator[tuple[object, dict[str, str]]]:
    """The conversations of one JSON text, and the names of our folders by id."""
    told = _decoded(data)
    folders: dict[str, str] = {}
    if isinstance(told, dict):
        listed = told.get("folders")
        named: list[Any] = listed if isinstance(listed, list) else []
        folders = {one["id"]: line(one.get("name")) for one in named if isinstance(one, dict) and "id" in one}
        if isinstance(told.get("chats"), list):
            told = told["chats"]
        elif "mapping" in told or "chat" in told or "history" in told:
            told = [told]
    if not isinstance(told, list):
        raise UnreadableError(f"There are no chats in this JSON. {_WANTED}")
    for record in told:
        yield record, folders


def _decoded(data: bytes) -> Any:
    """What JSON says; half a sign of UTF-16, which programs that cut texts leave behind, becomes a question mark."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # the more patient one decides
    try:
        whole = json.dumps(json.loads(data), ensure_ascii=False)
    except ValueError as error:
        raise UnreadableError(f"This is neither JSON nor a zip with JSON in it. {_WANTED}") from error
    return msgspec.json.decode(whole.encode("utf-8", "replace"))


def _unzipped(data: bytes) -> Iterator[bytes]:
    """The conversations in ChatGPT's zip; newer ones are in several parts."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [
                name
                for name in sorted(archive.namelist())
                if (last := name.rpartition("/")[2]).startswith("conversations") and last.endswith(".json")
            ]
            if not names:
                raise UnreadableError(f"There is no conversations.json in this zip. {_WANTED}")
            left = IMPORT_BYTES
            for name in names:
                with archive.open(name) as file:
                    told = file.read(left + 1)
                left -= len(told)
                if left < 0:
                    raise UnreadableError(
                        f"conversations.json unpacks to more than {IMPORT_BYTES // 2**20} MB: import it in parts."
                    )
                yield told
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise UnreadableError(f"This zip cannot be opened: {error}.") from error


def _title(record: object) -> str:
    return line(record.get("title")) if isinstance(record, dict) else ""
