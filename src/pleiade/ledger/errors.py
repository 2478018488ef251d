"""What can be wrong with the books, each with what to do next."""

import errno
from pathlib import Path


class LedgerError(Exception):
    """The ledger cannot take what it was given, now; the message says why and what to do."""


def disk_refused(folder: Path, error: OSError) -> str:
    """What the disk said about the ledger's folder, and what to do."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    remedy = "free some disk space" if full else "check the disk, and that the folder is writable"
    return f"the ledger's folder {folder} cannot be written ({error.strerror}): {remedy}"
