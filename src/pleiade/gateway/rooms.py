"""The rooms that a served gateway has beside its own routes. A new room is one line here."""

from collections.abc import Sequence

from pleiade.gateway.chats.room import ChatsRoom
from pleiade.gateway.deployments.room import DeploymentsRoom
from pleiade.gateway.images.room import ImagesRoom
from pleiade.gateway.openapi.room import OpenApiRoom
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.organization.room import OrganizationRoom
from pleiade.gateway.pipeline import Room
from pleiade.gateway.responses.room import ResponsesRoom
from pleiade.gateway.signin.bearers import Bearers
from pleiade.gateway.signin.room import SignInRoom
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.room import CompletionsRoom
from pleiade.gateway.web.room import WebRoom
from pleiade.settings import Settings


def production_rooms(settings: Settings) -> Sequence[Room]:
    """Every room, in the order in which they start; they stop in reverse."""
    archive = Archive(settings.database)
    signin = SignInRoom(Bearers(settings.database), settings.public_base)
    administration = Administration(settings.database)
    responses = ResponsesRoom(archive)
    chats = ChatsRoom(settings, archive, responses)
    rooms = CompletionsRoom(archive), chats, responses, ImagesRoom(settings, archive), signin
    return *rooms, OrganizationRoom(administration), DeploymentsRoom(administration), OpenApiRoom(), WebRoom()
