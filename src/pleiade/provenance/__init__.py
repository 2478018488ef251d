"""Where a picture comes from: signs what was made (C2PA manifest, PNG text) and reads it back.

Pure functions on bytes, and one certificate in the home; this room knows no model, no HTTP and no customer.
"""

from pleiade.provenance.claim import Claim
from pleiade.provenance.errors import ProvenanceError
from pleiade.provenance.formats import FORMATS, format_of
from pleiade.provenance.identity import Identity, identity
from pleiade.provenance.report import Report
from pleiade.provenance.sign import sign
from pleiade.provenance.verify import verify

__all__ = ["FORMATS", "Claim", "Identity", "ProvenanceError", "Report", "format_of", "identity", "sign", "verify"]
