"""The rooms that a served gateway has beside its own routes. A new room is one line here."""

from collections.abc import Sequence

from pleiade.gateway.batches.room import BatchesRoom
from pleiade.gateway.billing.room import BillingRoom
from pleiade.gateway.chats.room import ChatsRoom
from pleiade.gateway.deployments.room import DeploymentsRoom
from pleiade.gateway.evals.room import EvalsRoom
from pleiade.gateway.feedback.room import FeedbackRoom
from pleiade.gateway.files.room import FilesRoom
from pleiade.gateway.filters.room import FiltersRoom
from pleiade.gateway.fine_tuning.room import FineTuningRoom
from pleiade.gateway.gallery.keeper import Keeper
from pleiade.gateway.gallery.room import GalleryRoom
from pleiade.gateway.house.room import HouseRoom
from pleiade.gateway.images.room import ImagesRoom
from pleiade.gateway.lessons.room import LessonsRoom
from pleiade.gateway.openapi.room import OpenApiRoom
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.organization.room import OrganizationRoom
from pleiade.gateway.pipeline import Room
from pleiade.gateway.responses.room import ResponsesRoom
from pleiade.gateway.runs.room import RunsRoom
from pleiade.gateway.settling.room import SettlingRoom
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
    keeper = Keeper(settings, archive)
    images = ImagesRoom(settings, archive, keeper)
    responses = ResponsesRoom(archive, images.easel)
    chats = ChatsRoom(settings, archive, responses)
    rooms = CompletionsRoom(archive), chats, responses, GalleryRoom(settings, archive, keeper), images, signin
    bulk = FilesRoom(settings, archive), BatchesRoom(archive), EvalsRoom(settings, archive)
    runs = RunsRoom(settings, administration)
    administered = OrganizationRoom(administration), DeploymentsRoom(administration), runs
    money = BillingRoom(settings, administration), SettlingRoom(administration)
    tuning = FineTuningRoom(settings, archive, administration)
    house = FeedbackRoom(administration), HouseRoom(administration, settings, runs.apply)
    lessons = LessonsRoom(settings, administration)
    rest = FiltersRoom(settings), OpenApiRoom(), WebRoom()
    return *rooms, *bulk, tuning, *administered, *money, *house, lessons, *rest
