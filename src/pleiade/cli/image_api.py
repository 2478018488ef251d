"""Pictures asked of a server over its public HTTP API: whole answers, or streams with partial pictures."""

import base64
import binascii
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from pleiade.cli.common import fail

if TYPE_CHECKING:
    import aiohttp

OnPartial = Callable[[bytes], None]
OnMade = Callable[["Made"], None]


class PictureError(Exception):
    """A picture did not come back, or none; the message says why and what to do."""

    def __init__(self, message: str, *, unknown_route: bool = False) -> None:
        super().__init__(message)
        self.unknown_route = unknown_route  # the server does not know what it was asked for


class PictureServer(msgspec.Struct, frozen=True):
    """Where to ask: a base URL that ends with /v1, and the key for it."""

    url: str
    key: str
    ours: bool  # the installation of this home


class Question(msgspec.Struct, frozen=True):
    """One request: JSON, or a form where there are files (field, file name, bytes)."""

    route: str  # generations, edits, variations or outpaint
    fields: Mapping[str, str | int | bool]
    files: tuple[tuple[str, str, bytes], ...] = ()


class Made(msgspec.Struct, frozen=True):
    """A finished picture, with what the server told beside it."""

    data: bytes
    seed: int | None = None
    revised_prompt: str = ""


def find_server(home: str | None, url: str, key: str) -> PictureServer:
    """By --url, else by --home, else by OPENAI_BASE_URL, else what runs on the default home; fails where none is."""
    elsewhere = url or ("" if home else os.environ.get("OPENAI_BASE_URL", ""))
    if elsewhere:
        if not elsewhere.startswith(("http://", "https://")):
            fail(f"{elsewhere!r} is no URL: write, say, https://host/v1")
        return PictureServer(elsewhere.rstrip("/"), key or os.environ.get("OPENAI_API_KEY", ""), ours=False)
    from pleiade.settings import load_settings
    from pleiade.supervisor import is_running
    from pleiade.supervisor.home import Home, read_lock

    place = Home(load_settings({"home": home}).home_path)
    if not is_running(place):
        fail(f"no Pleiade runs on {place.path}: start it with `pleiade up`, or name another server with --url")
    return PictureServer(f"{read_lock(place)[1]}/v1", key or _admin_key(place.admin_key), ours=True)


async def ask(server: PictureServer, question: Question, on_partial: OnPartial, on_made: OnMade) -> None:
    """Give each finished picture to `on_made` once it is here, what is streamed before it to `on_partial`.

    Raises PictureError for the first that does not come; those that do have been given, before and after it.
    """
    import aiohttp

    # A picture may take minutes on a small machine: no limit but the server's own.
    patience = aiohttp.ClientTimeout(total=None, sock_connect=10)
    bearer = {"authorization": f"Bearer {server.key}"} if server.key else {}
    body: dict[str, Any] = {"json": dict(question.fields)}
    if question.files:
        form = aiohttp.FormData()
        for name, value in question.fields.items():
            form.add_field(name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, file, data in question.files:
            form.add_field(name, data, filename=file, content_type="application/octet-stream")
        body = {"data": form}
    url = f"{server.url}/images/{question.route}"
    try:
        async with (
            aiohttp.ClientSession(timeout=patience, trust_env=not server.ours) as session,
            session.post(url, headers=bearer, **body) as answer,
        ):
            if answer.status != 200:
                message, code = _refusal(answer, await answer.read())
                unknown = answer.status in (404, 405) and code != "model_not_found"
                raise PictureError(message, unknown_route=unknown)
            if answer.content_type == "text/event-stream":
                async for made in _streamed(answer, on_partial):
                    on_made(made)
                return
            failed: PictureError | None = None
            for item in _object(await answer.read()).get("data") or ():
                try:
                    on_made(await _made(session, item))
                except PictureError as error:
                    failed = failed or error
            if failed:
                raise failed
    except aiohttp.ClientConnectorError as error:
        raise PictureError(f"nobody answers at {server.url} ({error.os_error.strerror or error})") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise PictureError(f"the answer of {url} broke off: {error or type(error).__name__}; try again") from error


async def _streamed(answer: "aiohttp.ClientResponse", on_partial: OnPartial) -> AsyncIterator[Made]:
    """Finished pictures of a stream of server-sent events (OpenAI's image_generation.* and image_edit.*)."""
    waiting = b""
    async for part in answer.content.iter_any():  # an event is larger than any line that aiohttp would read
        waiting += part.replace(b"\r\n", b"\n")
        *events, waiting = waiting.split(b"\n\n")
        for event in events:
            data = b"\n".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
            if not data or data == b"[DONE]":
                continue
            told = _object(data)
            if error := told.get("error"):
                raise PictureError(str(error.get("message", error)) if isinstance(error, dict) else str(error))
            if str(told.get("type")).endswith(".partial_image"):
                on_partial(_decoded(told["b64_json"]))
            elif told.get("b64_json"):
                yield Made(_decoded(told["b64_json"]), told.get("seed"), told.get("revised_prompt") or "")


async def _made(session: "aiohttp.ClientSession", item: Mapping[str, Any]) -> Made:
    if coded := item.get("b64_json"):
        data = _decoded(coded)
    else:
        data = await _fetched(session, str(item.get("url")))
    return Made(data, item.get("seed"), item.get("revised_prompt") or "")


async def _fetched(session: "aiohttp.ClientSession", url: str) -> bytes:
    import aiohttp

    try:
        async with session.get(url) as answer:  # its signature opens it: no key goes there
            if answer.status != 200:
                raise PictureError(f"the picture was made, but {url} answers {answer.status}")
            return await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise PictureError(
            f"the picture was made, but {url} cannot be read: {error or type(error).__name__}"
        ) from error


def _decoded(coded: Any) -> bytes:
    try:
        return base64.b64decode(coded, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise PictureError(f"the server sent something that is no base64: {error}") from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise PictureError("the server does not answer with pictures: does its URL end with /v1?")
    return told


def _refusal(answer: "aiohttp.ClientResponse", body: bytes) -> tuple[str, str]:
    """The server's own message with what to do about it here, and its code."""
    message, code = f"{answer.url} answers {answer.status}", ""
    try:
        error = json.loads(body)["error"]
        message, code = (str(error["message"]), str(error.get("code"))) if isinstance(error, dict) else (str(error), "")
    except (ValueError, KeyError, TypeError):
        pass  # not OpenAI's form: the status is all that can be told
    remedy = {
        401: "Give a key with --key or OPENAI_API_KEY.",
        429: f"Try again in {answer.headers.get('retry-after', 'a few')} s.",
    }.get(answer.status, "")
    if code == "model_not_found":
        remedy = "Choose with --model; `pleiade deployments` lists what this Pleiade serves."
    return f"{message} {remedy}".strip(), code


def _admin_key(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        fail(f"{path}: {error.strerror}: give a key with --key")
