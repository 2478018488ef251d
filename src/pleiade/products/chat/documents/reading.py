"""The text in a file, by its type. To be run in the child process only: these bytes come from anywhere."""

import io
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import ParseError, iterparse

from pleiade.products.chat.documents.bounds import CHARACTERS, PAGES, PIXELS, UNPACKED_BYTES, UnreadableError
from pleiade.products.chat.documents.kinds import WORD, type_of, wrong_type
from pleiade.products.chat.nouns import Extract

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_document(data: bytes) -> Extract:
    """What is in `data`. Raises UnreadableError."""
    kind = type_of(data)
    if kind.startswith("image/"):
        return _read_picture(data, kind)
    if kind == "application/pdf":
        return _read_pdf(data)
    if kind == WORD:
        return _shortened(Extract(kind="word", type=kind, text=_word_text(data)))
    return _shortened(Extract(kind="text", type=kind, text=_plain_text(data)))


def _plain_text(data: bytes) -> str:
    """UTF-8 or UTF-16 where the bytes say so; else Windows' Latin, unless they are no text at all."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    odd = sum((sign < " " and sign not in "\t\n\r\f\v\x1b") or sign == "\ufffd" for sign in text)
    if "\0" in text or odd > len(text) / 100:
        raise wrong_type()
    return text


def _read_pdf(data: bytes) -> Extract:
    import pypdfium2
    from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
            raise UnreadableError(
                "This PDF is protected by a password: save a copy without one, and attach that."
            ) from error
        raise UnreadableError("This PDF is damaged and cannot be opened: export it again.") from error
    pages = len(document)
    texts, length = [], 0
    for number in range(min(pages, PAGES)):
        try:
            page = document[number]
            text = page.get_textpage().get_text_bounded()
            page.close()
        except pypdfium2.PdfiumError:
            text = ""  # one page may be broken; the others are read
        texts.append(text.replace("\r\n", "\n"))
        length += len(text)
        if length > CHARACTERS:
            break
    notice = f"Only the first {len(texts)} of {pages} pages were read." if len(texts) < pages else ""
    extract = _shortened(
        Extract(kind="pdf", type="application/pdf", text="\n\n".join(texts), pages=pages, notice=notice)
    )
    if not extract.text.strip():
        return Extract(
            kind="pdf",
            type="application/pdf",
            pages=pages,
            notice="No text was found: its pages are pictures, and they are not read yet.",
        )
    return extract


def _word_text(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [name for name in archive.namelist() if name in ("word/document.xml", "word/footnotes.xml")]
            return "\n".join("".join(_paragraphs(_unpacked(archive, name))) for name in parts).strip()
    except (zipfile.BadZipFile, ParseError, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise UnreadableError("This Word file is damaged and cannot be opened: save it again.") from error


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """A part of a zipped file, at most UNPACKED_BYTES of it, whatever its directory says."""
    with archive.open(name) as file:
        data = file.read(UNPACKED_BYTES + 1)
    if len(data) > UNPACKED_BYTES:
        raise UnreadableError(f"This file unpacks to more than {UNPACKED_BYTES // 2**20} MB: attach a part of it.")
    if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data:  # Word writes neither
        raise UnreadableError("This Word file defines entities of its own, which is not read: save it again with Word.")
    return data


def _paragraphs(xml: bytes) -> Iterator[str]:
    """Text of paragraphs, a line each; cells of a table row by tabs."""
    for event, element in iterparse(io.BytesIO(xml), events=("start", "end")):
        if event == "start":
            continue
        if element.tag == f"{_W}t":
            yield element.text or ""
        elif element.tag in (f"{_W}tab", f"{_W}tc"):
            yield "\t"
        elif element.tag in (f"{_W}br", f"{_W}cr", f"{_W}p", f"{_W}tr"):
            yield "\n"
        if element.tag in (f"{_W}p", f"{_W}tr"):
            element.clear()


def _read_picture(data: bytes, kind: str) -> Extract:
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = PIXELS
    try:
        with Image.open(io.BytesIO(data)) as picture:
            width, height = picture.size
            picture.verify()
    except Exception as error:  # Pillow's readers raise whatever their formats make them
        raise UnreadableError(
            f"This picture cannot be opened ({type(error).__name__}): save it again as PNG."
        ) from error
    return Extract(
        kind="image",
        type=kind,
        notice=f"{width} × {height} pixels. It is shown in the chat; models read text only and do not see it.",
    )


def _shortened(extract: Extract) -> Extract:
    from msgspec.structs import replace

    text = extract.text.replace("\0", "\ufffd")
    if len(text) <= CHARACTERS:
        return replace(extract, text=text)
    told = f"Only the first {CHARACTERS:,} of its characters were read."
    return replace(extract, text=text[:CHARACTERS], notice=f"{extract.notice} {told}".strip())
