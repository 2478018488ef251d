"""What a word costs the page: main-thread time of each update while an answer is written below 200 messages of code.

A real Chromium shows a chat of 200 messages, half of them with prose, a list and a block of code; a scripted engine
writes a long answer. Chromium's own trace tells the CPU time of every task of the page's main thread: script, style,
layout, paint. The same again for a megabyte in one block of code, and while somebody types below an answer: how many
tasks are longer than a frame. Before that, the time to the first paint for somebody who was never here; and of a
`pleiade up` with its own models, how long a new user takes who is as quick as a program: the link, a first answer, a
first picture.

    make bench-web            (or: python bench/web.py [--messages 200])
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# The stage is the browser tests': the gateway over an engine that says what a question asks for.
sys.path[:0] = [
    str(ROOT / folder)
    for folder in ("tests", "tests/gateway", "tests/web/browser", "tests/web/browser/chat", "tests/web/browser/studio")
]

from newcomer import LINK, first_minute  # noqa: E402
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright  # noqa: E402
from stage import PASSWORD, Stage, on_stage  # noqa: E402

from report import result_line, table, write_json  # noqa: E402
from serving import serve, wait_for  # noqa: E402

FRAME_MS = 1000 / 60  # a task of the main thread that takes longer drops a frame

TURN = """Answer {number}: **bold words**, `code` and a [link](https://example.org/{number}).

- first, with some words that make a line of it
- second, with *emphasis*

```python
def answer_{number}(value: int) -> int:
    \"\"\"What this block says, so that there is something to colour.\"\"\"
    return value * {number} + len("some text")
```
"""

SEED = """
async ([texts]) => {
  const { csrf_token } = await (await fetch("/auth/me")).json();
  const headers = { "content-type": "application/json", "x-csrf-token": csrf_token };
  const post = async (path, body) => {
    const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.json();
  };
  const chat = await post("/v1/chats", { title: "Long", deployment: "chat" });
  for (const [role, content] of texts) await post(`/v1/chats/${chat.id}/messages`, { role, content });
  return chat.id;
}
"""

COUNT = """
() => {
  window.updates = [];
  const watch = new MutationObserver(() => window.updates.push(performance.now()));
  watch.observe(document.querySelector("[role=log]"), { subtree: true, childList: true, characterData: true });
}
"""

# Chromium's own measure: from the start of the navigation to the first frame with text or a picture.
# What is there can be found a moment before it is painted.
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def sign_in(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.url}/chat")
    page.get_by_label("E-mail").fill(stage.person("bench@example.org", "Bench"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/chat")
    page.get_by_role("textbox").wait_for()


def main_thread(page: Page, tools: CDPSession, act: Callable[[], None]) -> list[float]:
    """Milliseconds of CPU time of each task of the page's main thread, while `act` goes on.

    CPU time: what else this machine does at the time is not counted. `act` must not search the page for texts, for
    that is work of the same thread.
    """
    events: list[dict[str, Any]] = []
    done: list[bool] = []
    tools.on("Tracing.dataCollected", lambda told: events.extend(told["value"]))
    tools.once("Tracing.tracingComplete", lambda _: done.append(True))
    tools.send("Tracing.start", {"categories": "disabled-by-default-devtools.timeline,devtools.timeline,toplevel"})
    act()
    tools.send("Tracing.end")
    while not done:
        page.wait_for_timeout(50)
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"] / 1000
        for event in events
        if event["name"] == "RunTask" and (event["pid"], event["tid"]) in mains and "tdur" in event
    ]


def answered(page: Page, tools: CDPSession, question: str) -> dict[str, float]:
    """Ask, wait until the answer is over: what its updates cost."""
    page.evaluate(COUNT)
    answers = page.locator("[data-answer]").count()

    def ask() -> None:
        page.get_by_role("textbox").fill(question)
        page.get_by_role("textbox").press("Enter")
        page.locator("[data-answer][aria-busy=false]").nth(answers).wait_for(timeout=240_000)

    tasks = main_thread(page, tools, ask)
    updates = len(page.evaluate("window.updates"))
    return {
        "updates": updates,
        "main_ms": sum(tasks),
        "delta_ms": sum(tasks) / max(updates, 1),
        "worst_ms": max(tasks, default=0.0),
    }


def typed(page: Page, tools: CDPSession) -> list[float]:
    """The tasks of the main thread while forty letters are typed below an answer that is being written."""
    page.get_by_role("textbox").fill("An endless story")
    page.get_by_role("textbox").press("Enter")
    page.get_by_role("button", name="Stop the answer").wait_for()
    page.wait_for_timeout(1000)

    def write() -> None:
        for letter in "typing never drops a frame while an answ":
            page.keyboard.type(letter)
            page.wait_for_timeout(60)

    tasks = main_thread(page, tools, write)
    page.keyboard.press("Escape")
    return tasks


def first_paint(browser: Browser, url: str) -> float:
    """Seconds until something is painted, for a browser that has nothing of the app yet."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    try:
        page = context.new_page()
        page.goto(url)
        page.get_by_label("E-mail").wait_for()
        return float(page.wait_for_function(FIRST_PAINT).json_value()) / 1000
    finally:
        context.close()


def first_minute_of(browser: Browser, home: Path) -> tuple[float, float]:
    """Seconds from the printed link to the first answer and to the first picture, of a new server that is ready."""
    with serve(home) as server:
        wait_for(lambda: LINK.search(server.log()), 30, "up prints the link")
        found = LINK.search(server.log())
        assert found is not None
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        try:
            return first_minute(context.new_page(), found[1])
        finally:
            context.close()


def main() -> None:
    """Measure, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=200, help="how long the chat is before (default: 200)")
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("Chromium must be installed: apt-get install chromium")
    with (
        tempfile.TemporaryDirectory() as folder,
        on_stage(Path(folder) / "home") as stage,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        paints = [first_paint(browser, stage.url) for _ in range(5)]
        minutes = [first_minute_of(browser, Path(folder) / f"new-{number}") for number in range(3)]
        page = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-US").new_page()
        sign_in(page, stage)
        turns = [
            ("assistant", TURN.format(number=at)) if at % 2 else ("user", f"Question {at} about many things?")
            for at in range(arguments.messages)
        ]
        chat = page.evaluate(SEED, [turns])
        began = time.perf_counter()
        page.goto(f"{stage.url}/chat/{chat}")
        page.get_by_text(f"Answer {arguments.messages - 1}:").wait_for()
        opened = time.perf_counter() - began
        page.wait_for_timeout(2000)
        tools = page.context.new_cdp_session(page)
        rounds = [answered(page, tools, "A long rainbow lecture") for _ in range(3)]
        prose = statistics.median_low([one["delta_ms"] for one in rounds])
        typing = typed(page, tools)
        large = answered(page, tools, "A megabyte, please")
        browser.close()
    rows = [
        [name, f"{one['updates']:.0f}", f"{one['delta_ms']:.1f}", f"{one['worst_ms']:.1f}"]
        for name, one in (*(("prose, code, tables", one) for one in rounds), ("a megabyte of code", large))
    ]
    print(table(["answer below 200 messages", "updates", "ms of main thread an update", "longest task, ms"], rows))
    print(f"first paint: {', '.join(f'{seconds:.2f}' for seconds in paints)} s")
    print(f"first answer, first picture: {'; '.join(f'{a:.1f}, {b:.1f}' for a, b in minutes)} s")
    values = {
        "web_first_paint_s": statistics.median(paints),
        "web_first_answer_s": statistics.median(answer for answer, _ in minutes),
        "web_first_picture_s": statistics.median(picture for _, picture in minutes),
        "web_delta_ms": prose,
        "web_worst_ms": max(one["worst_ms"] for one in rounds),
        "web_megabyte_delta_ms": large["delta_ms"],
        "web_typing_worst_ms": max(typing),
        "web_typing_dropped": sum(task > FRAME_MS for task in typing),
        "web_open_s": opened,
    }
    write_json(
        "web",
        {
            "messages": arguments.messages,
            "rounds": rounds,
            "megabyte": large,
            "paints": paints,
            "minutes": minutes,
            "result": values,
        },
    )
    print(result_line(values))


if __name__ == "__main__":
    main()
