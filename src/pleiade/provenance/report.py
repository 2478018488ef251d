"""What a file says of where it comes from, and whether that holds."""

from collections.abc import Mapping

import msgspec

from pleiade.provenance.claim import Claim


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `verify`. Metadata is easily removed: an unsigned picture may have been made by anyone."""

    format: str  # png, jpeg, webp, svg, or "" for what is none of these
    signed: bool = False  # it carries a C2PA manifest
    holds: bool = False  # the manifest was signed by the certificate that it names, which is in its time
    unchanged: bool = False  # since then, no byte of the file was changed
    ours: bool = False  # that certificate is one of those given as trusted
    signer: str = ""  # names in the certificate; anyone can make one with any name
    generator: str = ""  # the program that signed
    claim: Claim | None = None  # what Pleiade said; None where another program signed
    texts: Mapping[str, str] = {}  # PNG texts: not protected where nothing is signed
    problems: tuple[str, ...] = ()  # C2PA's codes, or what cannot be read

    @property
    def good(self) -> bool:
        """Signed, the signature holds, and nothing was changed. By whom, `ours` and `signer` tell."""
        return self.signed and self.holds and self.unchanged
