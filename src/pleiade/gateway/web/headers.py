"""What a page of ours may do, as its headers say it to the browser, and how a client's headers are read."""

from collections.abc import Mapping, Sequence

from pleiade.gateway.errors import Header

# Everything comes from here and nothing goes anywhere else, so that neither a picture's URL in an answer nor a script
# in a file can carry a conversation away. Nothing is inline. `blob:` and `data:` pictures: those that the page makes.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SAFE: tuple[Header, ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"vary", b"accept-encoding"),
)

FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
ASK_AGAIN = (b"cache-control", b"no-cache")


def accepted_coding(headers: Mapping[bytes, bytes], codings: Sequence[str]) -> str:
    """The first of `codings` that the client takes; "" for none of them."""
    taken = set()
    for part in headers.get(b"accept-encoding", b"").decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            taken.add(name.strip())
    return next((coding for coding in codings if coding in taken), "")


def knows(headers: Mapping[bytes, bytes], etag: str) -> bool:
    """Whether the client has the bytes of that ETag (RFC 9110 §13.1.2, weak comparison)."""
    named = headers.get(b"if-none-match", b"").decode("latin-1")
    return named.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in named.split(",")]


def wants_page(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a person's browser asks, and not a program that mistyped a route."""
    return b"text/html" in headers.get(b"accept", b"")
