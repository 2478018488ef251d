"""The room of fine-tuning."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.fine_tuning.graders import Graders
from pleiade.gateway.fine_tuning.jobs import Jobs
from pleiade.gateway.fine_tuning.legacy import FineTunes
from pleiade.gateway.fine_tuning.models import Models
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.settings import Settings

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class FineTuningRoom:
    """`/fine_tuning` and `/fine-tunes`."""

    def __init__(self, settings: Settings, archive: Archive, administration: Administration) -> None:
        self._jobs = Jobs(settings, archive)
        self._graders = Graders(archive)
        self._models = Models(archive, administration, settings.home_path / "models" / "fine-tuned")
        old = FineTunes(self._jobs)
        self.routes: Sequence[Route] = (
            *self._jobs.routes,
            *old.routes,
            *self._graders.routes,
            *self._models.routes,
        )
        self.stages: Sequence[MakeStage] = ()

    async def start(self, gateway: "Gateway") -> None:
        """From now on jobs can be asked for, and what they made be deleted."""
        self._jobs.gateway = gateway
        for desk in (self._jobs.desk, self._graders.desk, self._models.desk):
            desk.max_body_mb = gateway.settings.max_body_mb
        gateway.delete_model = self._models.delete

    async def stop(self) -> None:
        """Nothing runs beside the routes."""
