"""What the calls of a gateway that died have used: their engines still know for a while."""

import http.client
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa

from pleiade import prices
from pleiade.domain import Endpoint, EndpointTable, Usage
from pleiade.domain.books import Reservation
from pleiade.prices import PriceBook, UnpricedError

ENGINES_NOTICE_S = 0.3  # until an engine has seen its client go and stopped counting
TIMEOUT_S = 2.0
PATIENCE_S = 10.0  # for all calls of one dead gateway: meanwhile nothing is shipped, and last marks are good enough

logger = logging.getLogger(__name__)


class _PromptDetails(msgspec.Struct, frozen=True):
    cached_tokens: int = 0


class _Counts(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails = _PromptDetails()


class _Answer(msgspec.Struct, frozen=True):
    usage: _Counts


class EngineCounts:
    """Asks the engines of a home, as `pleiade.ledger.recovery.recover` wants to be told."""

    def __init__(self, endpoints: Path, db: sa.Engine) -> None:
        """`endpoints`: the supervisor's table. It and the database are read when there is something to ask."""
        self._endpoints = endpoints
        self._db = db

    def __call__(self, reservations: Sequence[Reservation]) -> Mapping[str, tuple[Usage, int]]:
        """Usage and cost (nano) of those calls whose engine counts and remembers. Raises StoreError."""
        by_deployment = {endpoint.deployment: endpoint for endpoint in self._table() if endpoint.tells_usage}
        asked: dict[str, list[Reservation]] = {}
        for reservation in reservations:
            if reservation.deployment in by_deployment:
                asked.setdefault(reservation.deployment, []).append(reservation)
        if not asked:
            return {}
        book = prices.book(self._db)
        time.sleep(ENGINES_NOTICE_S)
        until = time.monotonic() + PATIENCE_S
        told: dict[str, tuple[Usage, int]] = {}
        for deployment, calls in asked.items():
            for call, usage in _ask(by_deployment[deployment], calls, until):
                told[call.call] = (usage, _cost(book, call, usage))
        return told

    def _table(self) -> tuple[Endpoint, ...]:
        try:
            return msgspec.json.decode(self._endpoints.read_bytes(), type=EndpointTable).endpoints
        except (OSError, msgspec.DecodeError):
            return ()  # no supervisor, so no engine: their last marks count


def _ask(endpoint: Endpoint, calls: Sequence[Reservation], until: float) -> Iterator[tuple[Reservation, Usage]]:
    """What one engine tells, over one connection, until it does not answer any more, or it is `until` (monotonic)."""
    where = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=TIMEOUT_S)
    try:
        for call in calls:
            if time.monotonic() > until:
                raise TimeoutError("it is too slow to be asked for all of its calls")
            connection.request("GET", f"{where.path}/usage/req_{call.call}", headers=endpoint.headers)
            response = connection.getresponse()
            content = response.read()
            if response.status != 200:
                continue  # it never counted this call: what its last mark told, if it has one, counts
            counts = msgspec.json.decode(content, type=_Answer).usage
            yield (
                call,
                Usage(
                    prompt_tokens=counts.prompt_tokens,
                    completion_tokens=counts.completion_tokens,
                    cached_tokens=counts.prompt_tokens_details.cached_tokens,
                ),
            )
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        logger.warning(
            "the engine of %s does not tell what was used, so last marks count: %s", endpoint.deployment, error
        )
    finally:
        connection.close()


def _cost(book: PriceBook, call: Reservation, usage: Usage) -> int:
    price = book.get(call.price)
    if price is None:
        return 0
    try:
        return prices.cost(price, usage, size=call.image_size, quality=call.image_quality)
    except UnpricedError:
        logger.exception("call %s used what its price does not name, and is booked without it", call.call)
        return 0
