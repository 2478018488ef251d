"""What a call used whose answer, and with it its usage, never came: the engine still knows, or it is estimated."""

import asyncio

import aiohttp
import msgspec

from pleiade.domain import ModelKind, Usage
from pleiade.domain.books import Outcome
from pleiade.gateway.call import Call
from pleiade.gateway.metering import Metering
from pleiade.gateway.streaming import usage_of

_ENGINE_NOTICES_S = 0.2  # until an engine has seen its client go and stopped counting
_TIMEOUT = aiohttp.ClientTimeout(total=2.0)


class _Told(msgspec.Struct):
    usage: msgspec.Raw


async def settle_cut_off(session: aiohttp.ClientSession, call: Call, metering: Metering, outcome: Outcome) -> None:
    """Settle a call that broke off before its usage was known. Never raises but for a cancellation."""
    usage: Usage | None = None
    try:
        usage = await ask_engine(session, call)
    finally:
        metering.settle_handed_over(outcome, usage)


async def ask_engine(session: aiohttp.ClientSession, call: Call) -> Usage | None:
    """What the engine counted for the call; None where it does not tell, or does not know (then nothing ran)."""
    target = call.target
    if target is None or not target.endpoint.tells_usage:
        return None
    await asyncio.sleep(_ENGINE_NOTICES_S)
    try:
        url = target.url(f"/usage/req_{call.name}")
        async with session.get(url, headers=target.headers, timeout=_TIMEOUT) as response:
            if response.status == 404:
                return Usage()  # the engine never began to count: it refused the request, or did not get it
            if response.status != 200:
                return None
            usage = usage_of(msgspec.json.decode(await response.read(), type=_Told).usage)
            # What makes pictures is sold by the picture, as where its answer came.
            return Usage(images=usage.images) if target.endpoint.kind == ModelKind.IMAGE else usage
    except (aiohttp.ClientError, TimeoutError, ConnectionError, msgspec.DecodeError):
        return None
