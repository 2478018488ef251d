"""Tables of what is agreed with organisations and of their bills. Agreements and final documents are never changed."""

import sqlalchemy as sa

from pleiade.store.tables import metadata

terms = sa.Table(
    "terms",
    metadata,
    sa.Column("organisation", sa.String(64), primary_key=True),
    sa.Column(
        "version", sa.Integer, primary_key=True, autoincrement=False
    ),  # 1, 2, …: the last one that has begun holds
    sa.Column("start", sa.String(7), nullable=False),  # first month
    sa.Column("document", sa.Text, nullable=False),  # JSON of prices.terms.Terms
    sa.Column("created", sa.BigInteger, nullable=False),
)

# Who sells, and which taxes are charged: the last row holds.
billing_rules = sa.Table(
    "billing_rules",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", sa.Text, nullable=False),  # JSON of invoices.rules.Rules
    sa.Column("created", sa.BigInteger, nullable=False),
)

# How an organisation is addressed on a bill. Final invoices keep a copy.
customers = sa.Table(
    "customers",
    metadata,
    sa.Column("organisation", sa.String(64), primary_key=True),
    sa.Column("document", sa.Text, nullable=False),  # JSON of invoices.document.Party
)

# Prepaid or given credits; the money itself is a transfer of the ledger with the same id.
credit_grants = sa.Table(
    "credit_grants",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("organisation", sa.String(64), nullable=False, index=True),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),  # nano
    sa.Column("period", sa.String(7), nullable=False),  # month in which it was granted
    sa.Column("last_period", sa.String(7), nullable=False),  # last month that it can pay for; "" = it never expires
    sa.Column("paid", sa.Boolean, nullable=False),  # bought, or given
    sa.Column("created", sa.BigInteger, nullable=False),
)

invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    # organisation/month/currency of an invoice, the id of a credit note: no month is invoiced twice.
    sa.Column("slot", sa.String(96), nullable=False, unique=True),
    sa.Column("number", sa.String(64), nullable=True, unique=True),  # none while it is a draft
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("organisation", sa.String(64), nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("of", sa.String(64), nullable=False, index=True),  # credit note: the invoice's id
    sa.Column("document", sa.Text, nullable=False),  # canonical JSON of invoices.document.Document
    sa.Column("sha256", sa.String(64), nullable=False),  # of the document
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("finalised", sa.BigInteger, nullable=False),  # 0 = not yet, as the next
    sa.Column("paid", sa.BigInteger, nullable=False),
    sa.Index("ix_invoices_organisation_period", "organisation", "period"),
)

# The last number of each series. Counted in the transaction that uses it, so numbers have no gaps.
invoice_numbers = sa.Table(
    "invoice_numbers",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
