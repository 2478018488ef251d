"""What can go wrong when a picture is signed."""


class ProvenanceError(Exception):
    """A picture cannot be signed, or the certificate cannot be made or read; the message says what to do."""
