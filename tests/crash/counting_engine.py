"""An engine that counts: python counting_engine.py PORT. What it computed for each request is the truth of the test.

Tokens come in bursts of 1 to 8, so that marks fall anywhere. A caller that goes away stops the count at once.
"""

import asyncio
import json
import random
import sys
from dataclasses import asdict, dataclass

from aiohttp import web

BURST = 8


@dataclass
class Count:
    """What one request has used so far."""

    prompt_tokens: int
    completion_tokens: int = 0
    done: bool = False

    def usage(self) -> dict[str, int]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }


class Engine:
    """The counts of all requests since the start, by x-request-id."""

    def __init__(self, pace_s: float) -> None:
        self.counts: dict[str, Count] = {}
        self._pace_s = pace_s
        self._random = random.Random(1)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        count = self.counts[request.headers["x-request-id"]] = Count(len(body["messages"][0]["content"]))
        if not body.get("stream"):
            while self._more(count, body["max_tokens"]):  # noqa: ASYNC110 - this is the pace of its work
                await asyncio.sleep(self._pace_s)
            count.done = True
            message = {"role": "assistant", "content": "x"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response({"id": "1", "model": "counting", "choices": [choice], "usage": count.usage()})
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        while self._more(count, body["max_tokens"]):
            await response.write(self._event({"index": 0, "delta": {"content": "x"}, "finish_reason": None}, count))
            await asyncio.sleep(self._pace_s)
        count.done = True
        last = self._event({"index": 0, "delta": {}, "finish_reason": "stop"}, count)
        await response.write(last + b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    def _more(self, count: Count, most: int) -> bool:
        burst = min(self._random.randint(1, BURST), most - count.completion_tokens)
        count.completion_tokens += burst
        return burst > 0

    @staticmethod
    def _event(choice: dict[str, object], count: Count) -> bytes:
        event = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "counting", "choices": [choice]}
        return b"data: " + json.dumps(event | {"usage": count.usage()}, separators=(",", ":")).encode() + b"\n\n"

    async def usage(self, request: web.Request) -> web.Response:
        name = request.match_info["request"]
        count = self.counts.get(name)
        if count is None:
            return web.json_response({"error": {"message": "unknown"}}, status=404)
        return web.json_response({"request": name, "usage": count.usage()})

    async def all_counts(self, request: web.Request) -> web.Response:
        return web.json_response({name: asdict(count) for name, count in self.counts.items()})


def main() -> None:
    engine = Engine(pace_s=float(sys.argv[2]))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", engine.chat)
    app.router.add_get("/v1/usage/{request}", engine.usage)
    app.router.add_get("/counts", engine.all_counts)
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        handler_cancellation=True,
        backlog=4096,
        print=None,
        access_log=None,
        keepalive_timeout=75,
    )


if __name__ == "__main__":
    main()
