"""Everything of one owner, to be taken along: JSON that can be imported again, or Markdown for people."""

import time
from collections.abc import Sequence

import msgspec

from pleiade.products.chat import calls
from pleiade.products.chat.documents.kinds import clean_name
from pleiade.products.chat.nouns import Folder, Message, Thread

VERSION = 1
JSON_END = b"\n]}\n"


def json_head(folders: Sequence[Folder]) -> bytes:
    """The beginning of the one JSON object; chats follow with commas between them, then JSON_END."""
    head = {"object": "chat.export", "version": VERSION, "folders": folders}
    return msgspec.json.encode(head)[:-1] + b',"chats":['


def markdown(thread: Thread) -> str:
    """A chat as a page: the branch that is shown, then what else was written."""
    branch = _branch(thread)
    lines = [f"# {thread.title or 'Untitled'}", ""]
    for message in branch:
        lines += _section(message)
    shown = {message.id for message in branch}
    others = [message for message in thread.messages if message.id not in shown]
    if others:
        lines += ["---", "", "# Other versions", ""]
        for message in others:
            lines += _section(message)
    return "\n".join(lines)


def page_name(thread: Thread) -> str:
    """The name of that page: its day, its title, and enough of its id that no two are alike."""
    day = time.strftime("%Y-%m-%d", time.gmtime(thread.created))
    title = clean_name((thread.title or "Untitled").replace("/", "-").replace("\\", "-").replace(":", "-"))[:80]
    return f"{day} {title} {thread.id[-6:]}.md"


def _branch(thread: Thread) -> list[Message]:
    known = {message.id: message for message in thread.messages}
    found: list[Message] = []
    message = known.get(thread.current or "")
    while message is not None:
        found.append(message)
        message = known.get(message.parent or "")
    return found[::-1]


def _section(message: Message) -> list[str]:
    who = "You" if message.role == "user" else message.deployment or "Assistant"
    files = [f"*Attached: {file.name}*" for file in message.attachments]
    told = "" if message.status in ("completed", "in_progress") else f" ({message.status})"
    called = [words] if (words := calls.told(message.calls)) else []
    above = [*files, *called]
    return [f"## {who}{told}", "", *above, *([""] if above else []), message.content, ""]
