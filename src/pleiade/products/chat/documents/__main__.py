"""The child: a file on standard input, what was found in it on standard output, as JSON. Started by reader.py."""

import sys

import msgspec

from pleiade.products.chat.documents import bounds
from pleiade.products.chat.documents.bounds import UnreadableError


class Answer(msgspec.Struct, frozen=True):
    """What the child says: `found`, or why there is nothing."""

    found: msgspec.Raw = msgspec.Raw(b"null")
    problem: str = ""


def _bound(memory: int) -> None:
    """From here on this process gets no more than that; Windows has no such bounds."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.SECONDS, bounds.SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(task: str) -> None:
    """Read a "document" or an "import"."""
    data = sys.stdin.buffer.read()
    found: object
    try:
        if task == "document":
            from pleiade.products.chat.documents.reading import read_document

            _bound(bounds.MEMORY_BYTES)
            found = read_document(data)
        else:
            from pleiade.products.chat.importing.reading import read_export

            _bound(bounds.IMPORT_MEMORY_BYTES)
            found = read_export(data)
        answer = Answer(found=msgspec.Raw(msgspec.json.encode(found)))
    except UnreadableError as error:
        answer = Answer(problem=str(error))
    except (MemoryError, RecursionError):
        answer = Answer(problem="Reading this file takes more memory than a file may: attach a part of it.")
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main(sys.argv[1])
