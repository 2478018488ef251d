"""What one picture asks of a pipeline, and which pictures may share one run of it."""

from collections.abc import Callable

import msgspec
from PIL.Image import Image

from pleiade.engines.image_openvino.pictures.floats import Pixels

Partials = Callable[[int], dict[int, int]]  # steps in all -> {step: number of the partial that is shown after it}
OnPartial = Callable[[int, Pixels], None]  # number of the partial, the picture by then


class Job(msgspec.Struct, kw_only=True, eq=False):
    """One picture. With `image` it starts from that one; with `mask` (white = paint) it keeps what is black."""

    prompt: str
    negative: str
    seed: int
    size: tuple[int, int]  # (width, height)
    quality: str
    image: Image | None = None
    mask: Image | None = None
    partials: Partials | None = None
    on_partial: OnPartial | None = None
    cancelled: bool = False

    @property
    def kin(self) -> tuple[object, ...]:
        """Jobs of equal kin may share a run: the same shape and steps, from the same picture or from none."""
        return (self.size, self.quality, id(self.image), id(self.mask), bool(self.negative))


def next_batch(waiting: list[Job], most: int) -> list[Job]:
    """The oldest job and those of its kin, at most `most`."""
    return [job for job in waiting if job.kin == waiting[0].kin][:most] if waiting else []
