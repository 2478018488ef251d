"""A bill as PDF (A4): the same document gives the same bytes, and every letter in it can be read.

This module loads fpdf2: whoever prints imports it then, not before.
"""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.fonts import FontFace, TTFFont

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal
from pleiade.invoices.document import Document, Kind, Line, LineType, Party, canonical, parse
from pleiade.invoices.errors import InvoiceError

FONTS = Path(__file__).parent / "fonts"
BODY, BOLD = FONTS / "DejaVuSans.ttf", FONTS / "DejaVuSans-Bold.ttf"
FALLBACKS = (FONTS / "DroidSansFallback.ttf",)  # Chinese, Japanese, Korean
WIDTHS = (82, 28, 30, 30)  # of the table's columns, mm


class _Paper(FPDF):
    """fpdf2 takes the font of a line's last letters for the one that the next line begins with, also where those came
    from another font than the line's own (fpdf2 issues 1488 and 1772): here each line says its font again."""

    def _render_styled_text_line(self, *arguments: Any, **named: Any) -> bool:
        self.current_font_is_set_on_page = False
        return super()._render_styled_text_line(*arguments, **named)


def render(document: Document, fonts: Sequence[Path] = ()) -> bytes:
    """The document as a PDF file. `fonts`: further TrueType files for letters that ours do not have.

    Raises InvoiceError where a letter is in no font: what cannot be read is not printed.
    """
    pdf = _Paper(format="A4")
    pdf.set_creation_date(datetime.fromtimestamp(document.issued, UTC))
    pdf.set_producer("Pleiade")
    pdf.set_title(_title(document))
    pdf.set_lang("en")
    table = _use_fonts(pdf, _texts(document), fonts)
    if table:
        document = parse(canonical(document).decode().translate(table))
    pdf.set_auto_page_break(True, margin=18)
    pdf.add_page()

    def say(text: str, size: float = 9, *, bold: bool = False, gap: float = 0) -> None:
        pdf.set_font("body", "B" if bold else "", size)
        pdf.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(gap)

    say(_title(document), 16, bold=True, gap=3)
    for text in _dates(document):
        say(text)
    pdf.ln(4)
    top = pdf.get_y()
    _party(pdf, "From", document.seller, pdf.l_margin, top)
    ends = pdf.get_y()
    _party(pdf, "To", document.customer, pdf.l_margin + 95, top)
    pdf.set_xy(pdf.l_margin, max(ends, pdf.get_y()) + 6)
    _table(pdf, document)
    pdf.ln(4)
    for label, value, bold in _totals(document):
        pdf.set_font("body", "B" if bold else "", 9)
        pdf.cell(140, 5.5, label, align="R")
        pdf.cell(30, 5.5, value, align="R", new_x="LMARGIN", new_y="NEXT")
    pdf.ln(6)
    for text in _notes(document):
        say(text, 8, gap=1)
    return bytes(pdf.output())


def _table(pdf: FPDF, document: Document) -> None:
    pdf.set_font("body", "", 8)
    aligned = ("LEFT", "RIGHT", "RIGHT", "RIGHT")
    with pdf.table(
        col_widths=WIDTHS,
        text_align=aligned,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(emphasis="BOLD"),
        line_height=4.6,
        width=sum(WIDTHS),
        align="LEFT",
    ) as table:
        table.row(("Description", "Quantity", "Rate", f"Amount, {document.currency}"))
        for line in document.lines:
            if line.type is not LineType.TAX:
                table.row(_cells(line, document.currency))


def _cells(line: Line, currency: str) -> tuple[str, str, str, str]:
    per = {1: "", 1_000: " per 1K", 1_000_000: " per 1M"}.get(line.per, f" per {line.per:,}")
    quantity = f"{line.quantity:,}" if line.quantity else ""
    return line.text, quantity, f"{line.rate}{per}" if line.rate else "", _money(line.amount, currency)


def _totals(document: Document) -> list[tuple[str, str, bool]]:
    currency = document.currency
    rows = [("Net", _money(document.net, currency), False)]
    for line in document.lines:
        if line.type is LineType.TAX:
            rows.append((f"{line.text}, {line.percent} %", _money(line.amount, currency), False))
    note = document.kind is Kind.CREDIT_NOTE
    rows.append((f"Total {'credited' if note else ''}".strip(), f"{_money(document.total, currency)} {currency}", True))
    if document.credits:
        told = "Given as credits" if note else "Paid from credits"
        rows.append((told, _money(document.credits if note else -document.credits, currency), False))
    if not note:
        rows.append(("To pay", f"{_money(document.due, currency)} {currency}", True))
    elif document.due:
        rows.append((f"Taken off {document.of}", _money(-document.due, currency), False))
    return rows


def _notes(document: Document) -> list[str]:
    notes = []
    if document.reason:
        notes.append(f"Reason: {document.reason}")
    if document.tax_rule is not None and document.tax_rule.note:
        notes.append(document.tax_rule.note)
    if document.kind is Kind.INVOICE and document.due:
        notes += document.seller.payment
    return [*notes, f"Document {document.id}"]


def _dates(document: Document) -> list[str]:
    said = [f"Period {document.period} (UTC)", f"Organisation {document.organisation}"]
    if document.of:
        said.insert(0, f"Credit for {document.of}")
    if document.issued:
        said.append(f"Issued {_day(document.issued)}")
    if document.pay_by and document.due > 0:
        said.append(f"To be paid by {_day(document.pay_by)}")
    return said


def _party(pdf: FPDF, label: str, party: Party, x: float, y: float) -> None:
    pdf.set_xy(x, y)
    tax_id = (f"Tax number {party.tax_id}",) if party.tax_id else ()
    for number, text in enumerate((label, party.name, *party.address, party.country, *tax_id, party.email)):
        if text:
            pdf.set_font("body", "B" if number == 1 else "", 8 if number == 0 else 9)
            pdf.set_x(x)
            pdf.multi_cell(85, 4.6, text, align="L", new_x="LEFT", new_y="NEXT")


def _use_fonts(pdf: FPDF, texts: Sequence[str], extra: Sequence[Path]) -> dict[int, str]:
    """Load our fonts, and of the others those that are needed.

    Signs that no font has (emoji, say) are told by name: the answer translates them. Raises InvoiceError for letters.
    """
    missing = {letter for text in texts for letter in text if ord(letter) > 31}
    pdf.add_font("body", "", BODY)
    pdf.add_font("body", "B", BOLD)
    missing -= _letters(pdf, "body")
    names = []
    for number, path in enumerate((*FALLBACKS, *extra)):
        if not any(_is_letter(letter) for letter in missing):
            break
        name = f"fallback{number}"
        pdf.add_font(name, "", path)
        found = missing & _letters(pdf, name)
        if found:
            names.append(name)
            missing -= found
    if letters := sorted(letter for letter in missing if _is_letter(letter)):
        shown = ", ".join(f"{letter!r} (U+{ord(letter):04X})" for letter in letters[:5])
        raise InvoiceError(
            f"no font has {shown}: put a TrueType font that does (Noto has one for every script) into the folder fonts "
            "of the home, and print the bill again"
        )
    pdf.set_fallback_fonts(names, exact_match=False)
    pdf.set_text_shaping(True)  # letters that join (Arabic) join; right to left where a script runs so
    return {ord(sign): _told(sign) for sign in sorted(missing)}


def _is_letter(letter: str) -> bool:
    """Letters, marks, figures and punctuation, without which a name is another one."""
    return unicodedata.category(letter)[0] in "LMNP"


def _told(sign: str) -> str:
    """A sign's name in words; nothing for what is not to be seen (joiners, directions)."""
    if unicodedata.category(sign)[0] in "CZ":
        return ""
    return f"({unicodedata.name(sign, f'U+{ord(sign):04X}').lower()})"


def _letters(pdf: FPDF, name: str) -> set[str]:
    font = pdf.fonts[name]
    assert isinstance(font, TTFFont)
    return {chr(code) for code in font.cmap}


def _texts(document: Document) -> list[str]:
    parties = [
        text
        for party in (document.seller, document.customer)
        for text in (party.name, *party.address, party.country, party.tax_id, party.email, *party.payment)
    ]
    lines = [text for line in document.lines for text in (line.text, line.rate)]
    return [*parties, *lines, *_notes(document), *_dates(document), _title(document)]


def _title(document: Document) -> str:
    what = "Credit note" if document.kind is Kind.CREDIT_NOTE else "Invoice"
    return f"{what} {document.number}" if document.number else f"{what} (draft)"


def _money(nano: int, currency: str) -> str:
    return decimal(nano, CURRENCIES[currency])


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
