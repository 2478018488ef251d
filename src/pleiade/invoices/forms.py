"""A bill for programs: JSON and CSV. Amounts are decimal strings, and the same document gives the same bytes."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal
from pleiade.invoices.document import Document, Line
from pleiade.invoices.records import Invoice

_MONEY = ("net", "tax", "total", "credits", "due")
_TIMES = ("issued", "pay_by")
COLUMNS = (
    "number",
    "organisation",
    "period",
    "currency",
    "type",
    "text",
    "model",
    "kind",
    "size",
    "quality",
    "quantity",
    "rate",
    "per",
    "price",
    "percent",
    "amount",
)


def plain(document: Document) -> dict[str, Any]:
    """The document as a JSON object, with decimal amounts and times as ISO 8601 (UTC)."""
    digits = CURRENCIES[document.currency]
    fields: dict[str, Any] = msgspec.to_builtins(document)
    fields |= {name: decimal(getattr(document, name), digits) for name in _MONEY}
    fields |= {name: _iso(getattr(document, name)) for name in _TIMES}
    lines = [{**msgspec.to_builtins(line), "amount": decimal(line.amount, digits)} for line in document.lines]
    return {**fields, "lines": lines}


def shown(invoice: Invoice) -> dict[str, Any]:
    """An invoice with its state, as a JSON object."""
    digits = CURRENCIES[invoice.document.currency]
    return {
        **plain(invoice.document),
        "status": invoice.status.value,
        "credited": decimal(invoice.credited, digits),
        "open": decimal(invoice.open, digits),
        "paid": _iso(invoice.paid),
        "sha256": invoice.sha256,
    }


def as_json(document: Document) -> bytes:
    """The document as a JSON file."""
    return (json.dumps(plain(document), ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def as_csv(document: Document) -> bytes:
    """The document's lines as CSV (RFC 4180), taxes among them: their amounts add up to the total."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows(document))
    return text.getvalue().encode()


def rows(document: Document) -> list[list[str]]:
    """The lines under COLUMNS."""
    return [_row(document, line) for line in document.lines]


def _row(document: Document, line: Line) -> list[str]:
    return [
        document.number,
        document.organisation,
        document.period,
        document.currency,
        line.type.value,
        line.text,
        line.model,
        line.kind,
        line.size,
        line.quality,
        str(line.quantity) if line.quantity else "",
        line.rate,
        str(line.per) if line.rate else "",
        line.price,
        line.percent,
        decimal(line.amount, CURRENCIES[document.currency]),
    ]


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else ""
