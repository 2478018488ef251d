"""The database: its tables, its migrations and one way to write (a unit of work).

This room knows SQLite and PostgreSQL; it does not know what a key may do, what a model is for, nor HTTP.
"""

from pleiade.store import (
    agreements,
    books,
    chats,
    evals,
    feedback,
    files,
    finetuning,
    house,
    invoices,
    jobs,
    lessons,
    limits,
    objects,
    permissions,
    pictures,
    prices,
    protected,
    runs,
    settlements,
    signin,
    tables,
    tenants,
)
from pleiade.store.database import StoreError, open_database
from pleiade.store.migrate import migrate
from pleiade.store.unit_of_work import bump_version, reading, unit_of_work, version_of

__all__ = [
    "StoreError",
    "agreements",
    "books",
    "bump_version",
    "chats",
    "evals",
    "feedback",
    "files",
    "finetuning",
    "house",
    "invoices",
    "jobs",
    "lessons",
    "limits",
    "migrate",
    "objects",
    "open_database",
    "permissions",
    "pictures",
    "prices",
    "protected",
    "reading",
    "runs",
    "settlements",
    "signin",
    "tables",
    "tenants",
    "unit_of_work",
    "version_of",
]
