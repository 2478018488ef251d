"""How much of a file is read, and how much time and memory that may take."""

FILE_BYTES = 25 * 1024 * 1024
PAGES = 1000
CHARACTERS = 2_000_000  # of the text that is kept
UNPACKED_BYTES = 64 * 1024 * 1024  # of one part of a zipped file
PIXELS = 100_000_000
SECONDS = 60  # of computing, and of waiting
MEMORY_BYTES = 1536 * 1024 * 1024  # of address space: a child holds the program's code in it too

# Of an import: what other programs exported.
IMPORT_BYTES = 512 * 1024 * 1024  # of conversations.json inside of its zip
IMPORT_MEMORY_BYTES = 4 * 1024 * 1024 * 1024
CHATS = 20_000
MESSAGES = 20_000  # of one chat
MESSAGE_CHARACTERS = 1_000_000


class UnreadableError(Exception):
    """The file cannot be read; the message says why and what to do, in words for whoever attached it."""
