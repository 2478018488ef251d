"""A picture in the making with all its candidates, and which of many pictures the next pass goes on with.

Pure decisions, no networks. A pass holds the oldest picture's candidates first, but they take at most half of it while
others wait; the rest goes to those with the least left to do, so that a draft does not wait behind ten large pictures.
"""

from collections.abc import Callable, Sequence

from pleiade.engines.image_openvino.quality import survivors
from pleiade.engines.image_openvino.sampler import Floats, Task, Trajectory, noise_of

OnPartial = Callable[[int, Floats], None]  # step, clean picture as it is seen by then


class Drawing:
    """One picture: `candidates` ways from noise to a picture, of which the best one is kept."""

    def __init__(
        self,
        task: Task,
        *,
        size: int,
        seed: tuple[int, ...],
        candidates: int = 1,
        target_E: Floats | None = None,
        partial_steps: frozenset[int] = frozenset(),
        on_partial: OnPartial | None = None,
    ) -> None:
        """`seed`: the first numbers of each candidate's seed.

        `target_E`: the unit vector that candidates are ranked by; without one the first is kept.
        """
        self.task = task
        self.target_E = target_E
        self.partial_steps = partial_steps if on_partial is not None else frozenset()
        self.on_partial = on_partial
        self.cancelled = False
        self._size, self._seed = size, seed
        self._candidates = candidates if target_E is not None else 1
        self._alive: list[Trajectory] = []  # made when the first pass takes them: noise of waiting pictures is memory

    @property
    def alive(self) -> list[Trajectory]:
        """The candidates still in the race, the best first once they were ranked."""
        if not self._alive:
            shape = (self._size, self._size, 4)
            noises = (noise_of((*self._seed, candidate), shape) for candidate in range(self._candidates))
            self._alive = [Trajectory(self.task, noise_HWC) for noise_HWC in noises]
        return self._alive

    @property
    def step(self) -> int:
        """Steps that every candidate has taken."""
        return min(trajectory.step for trajectory in self._alive) if self._alive else 0

    @property
    def done(self) -> bool:
        """Whether the picture is made."""
        return self.step == self.task.steps and len(self._alive) == 1

    @property
    def remaining(self) -> int:
        """Steps still to take, of all candidates, as if none fell."""
        taken = sum(trajectory.step for trajectory in self._alive)
        return self.task.steps * (len(self._alive) or self._candidates) - taken

    @property
    def width(self) -> int:
        """Rows of the network that the next step of a candidate takes."""
        if not self._alive:
            return 2 if self.task.contrast else 1
        return min(self._alive, key=lambda trajectory: trajectory.step).num_rows

    @property
    def left(self) -> int:
        """How many candidates should be left by now."""
        return survivors(self._candidates, self.task.steps, self.step)

    @property
    def abreast(self) -> bool:
        """Whether all candidates have taken the same number of steps."""
        return all(trajectory.step == self.step for trajectory in self._alive)

    def behind(self) -> list[Trajectory]:
        """The candidates that a pass may move: none gets ahead of the others, for they are ranked together."""
        return [trajectory for trajectory in self.alive if trajectory.step == self.step]

    def keep(self, ranked: Sequence[Trajectory]) -> None:
        """Go on with the best of `ranked`, best first."""
        self._alive = list(ranked[: self.left])


def next_pass(drawings: Sequence[Drawing], room: int) -> list[tuple[Drawing, Trajectory]]:
    """The candidates that the next pass moves, in rows of the network at most `room`; `drawings`: oldest first."""
    if not drawings:
        return []
    chosen: list[tuple[Drawing, Trajectory]] = []
    oldest, others = drawings[0], sorted(drawings[1:], key=lambda drawing: drawing.remaining)
    if others:
        room -= _take(chosen, oldest, max(room // 2, oldest.width))  # never less than a step: others keep coming
    for drawing in (*others, oldest):
        room -= _take(chosen, drawing, room)
        if room <= 0:
            break
    return chosen or [(oldest, oldest.behind()[0])]  # a pair of rows may need more than there is room for


def _take(chosen: list[tuple[Drawing, Trajectory]], drawing: Drawing, room: int) -> int:
    """Add what fits of one drawing and is not chosen yet; returns the rows that this takes."""
    each = drawing.width
    taken = {id(trajectory) for _, trajectory in chosen}
    free = [trajectory for trajectory in drawing.behind() if id(trajectory) not in taken] if room >= each else []
    fitting = free[: room // each]
    chosen += [(drawing, trajectory) for trajectory in fitting]
    return each * len(fitting)
