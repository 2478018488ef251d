"""Who can reach this server, and whether what they send can be read on the way."""

import datetime
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from pleiade.doctor.findings import Finding, Verdict
from pleiade.settings import Settings

WAIT_S = 3.0
SOON = datetime.timedelta(days=14)


def examine_exposure(settings: Settings) -> Iterator[Finding]:
    """The address it listens on, the one that people use, and that one's certificate."""
    alone = _is_loopback(settings.host)
    parts = urlsplit(settings.public_base)
    if parts.scheme == "https":
        yield _certificate(parts.hostname or "", parts.port or 443)
    elif not alone:
        mend = "put a proxy with TLS in front, let us listen on 127.0.0.1, and set PLEIADE_PUBLIC_URL=https://…"
        yield Finding("exposure", "warning", f"{settings.host}:{settings.port} is open to others, without TLS", mend)
    elif settings.public_url and not _is_loopback(parts.hostname or ""):
        mend = "serve it by https: browsers keep our session cookie from what is not safe"
        yield Finding("exposure", "warning", f"people reach it at {settings.public_base}, without TLS", mend)
    else:
        yield Finding("exposure", "ok", f"only this machine reaches {settings.host}")
    if settings.contract:
        verdict: Verdict = "warning" if alone and not settings.public_url else "wrong"
        yield Finding(
            "contract mode", verdict, "it answers what was never asked of a model", "start without --contract"
        )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _certificate(host: str, port: int) -> Finding:
    """Asked from here, as a browser asks."""
    place = f"{host}:{port}"
    try:
        with (
            socket.create_connection((host, port), timeout=WAIT_S) as connection,
            ssl.create_default_context().wrap_socket(connection, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        return Finding("TLS", "wrong", f"{place}: {error.verify_message}", "renew the certificate of your proxy")
    except (OSError, ValueError) as error:
        return Finding("TLS", "warning", f"{place} cannot be reached from here: {error}", "see that your proxy runs")
    ends = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), datetime.UTC)
    if ends - datetime.datetime.now(datetime.UTC) < SOON:
        return Finding("TLS", "warning", f"the certificate of {place} ends {ends:%Y-%m-%d}", "renew it")
    return Finding("TLS", "ok", f"{place}, its certificate ends {ends:%Y-%m-%d}")
