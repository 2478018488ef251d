"""How long to wait before the next start of something that died."""

FIRST_DELAYS_S = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
LONGEST_DELAY_S = 30.0
HEALTHY_S = 60.0  # who lived this long starts from the beginning


class Backoff:
    """Delays of one child: none at first, so that a killed engine is back at once; then longer and longer."""

    def __init__(self) -> None:
        self._deaths = 0

    def after_death(self, lived_s: float) -> float:
        """Seconds to wait now, for a child that was healthy for `lived_s`."""
        if lived_s >= HEALTHY_S:
            self._deaths = 0
        delay = FIRST_DELAYS_S[self._deaths] if self._deaths < len(FIRST_DELAYS_S) else LONGEST_DELAY_S
        self._deaths += 1
        return delay
