"""What a file is, by its first bytes: its name is a hint at best."""

import io
import re
import unicodedata
import zipfile

from pleiade.products.chat.documents.bounds import FILE_BYTES, UnreadableError

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # also what Word wraps a document with a password in
_TAKEN = "Attach plain text, Markdown, code, CSV, JSON, PDF, Word (.docx), PNG, JPEG, GIF or WebP."


def clean_name(name: str) -> str:
    """A file's name as it is shown: no folders, nothing that changes how a line is read, 200 characters at most."""
    last = re.sub(r"\s", " ", re.split(r"[/\\]", name)[-1])
    kept = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C" and sign not in '<>"`|')
    kept = " ".join(kept.split()).strip(". ")
    if len(kept) > 200:
        stem, dot, ending = kept.rpartition(".")
        kept = f"{stem[: 190 - len(ending)]}…{dot}{ending}" if dot and len(ending) <= 10 else kept[:199] + "…"
    return kept or "file"


def type_of(data: bytes) -> str:
    """The media type of `data`: of a picture, a PDF, a Word file, else "text/plain". Raises UnreadableError."""
    if not data:
        raise UnreadableError("This file is empty.")
    if len(data) > FILE_BYTES:
        raise UnreadableError(f"This file is larger than {FILE_BYTES // 2**20} MB: attach a part of it.")
    for magic, kind in PICTURES.items():
        if data.startswith(magic):
            return kind
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if b"%PDF-" in data[:1024]:
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        return _zipped(data)
    if data.startswith(_OLD_OFFICE):
        raise UnreadableError(
            "This is an old Office file (.doc, .xls, .ppt), or has a password: save it as .docx or PDF, without one."
        )
    return "text/plain"


def _zipped(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableError(f"This looks like a zipped file, but cannot be opened: {error}.") from error
    if "word/document.xml" in names:
        return WORD
    if "xl/workbook.xml" in names:
        raise UnreadableError("Excel sheets are not read yet: save the sheet as CSV and attach that.")
    if "ppt/presentation.xml" in names:
        raise UnreadableError("Slides are not read yet: save them as PDF and attach that.")
    raise UnreadableError(f"Zipped folders are not read: attach the files themselves. {_TAKEN}")


def wrong_type() -> UnreadableError:
    """For bytes that are none of what is read."""
    return UnreadableError(f"This is not a file that can be read here. {_TAKEN}")
