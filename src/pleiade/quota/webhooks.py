"""Posting signed JSON to a URL, as Standard Webhooks has it (and OpenAI's SDK verifies): id, time and HMAC-SHA256."""

import base64
import binascii
import hashlib
import hmac

import aiohttp

TIMEOUT = aiohttp.ClientTimeout(total=10)
SECRET_PREFIX = "whsec_"


class WebhookError(Exception):
    """The other side did not take it; the message says why."""


def signature(secret: str, id: str, at: int, body: bytes) -> str:
    """The `webhook-signature` header of a body sent at `at` (Unix seconds) under `id`."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        key = secret.encode()
    digest = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


async def post(session: aiohttp.ClientSession, url: str, secret: str, *, id: str, at: int, body: bytes) -> None:
    """Post once. Raises WebhookError for anything but a 2xx; redirects are not followed."""
    headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(secret, id, at, body),
    }
    try:
        async with session.post(url, data=body, headers=headers, timeout=TIMEOUT, allow_redirects=False) as answer:
            if not 200 <= answer.status < 300:
                raise WebhookError(f"HTTP {answer.status}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise WebhookError(f"{type(error).__name__}: {error}") from error
