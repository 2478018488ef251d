"""Bills: what the ledger holds of an organisation's month, its terms and taxes, as a numbered document and postings.

This room does not know how calls are served or priced while they run, nor HTTP.
"""

from pleiade.invoices.charges import charge
from pleiade.invoices.credit_notes import credit
from pleiade.invoices.credits import grant
from pleiade.invoices.errors import InvoiceError
from pleiade.invoices.lifecycle import draft, finalise, pay
from pleiade.invoices.opening import billable
from pleiade.invoices.records import Invoice, Status, get_invoice, list_invoices, unpaid
from pleiade.invoices.verify import verify

__all__ = [
    "Invoice",
    "InvoiceError",
    "Status",
    "billable",
    "charge",
    "credit",
    "draft",
    "finalise",
    "get_invoice",
    "grant",
    "list_invoices",
    "pay",
    "unpaid",
    "verify",
]
