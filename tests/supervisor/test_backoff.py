"""Delays between the starts of something that dies."""

from pleiade.supervisor.backoff import Backoff


def test_the_first_restart_is_immediate_and_later_ones_wait_longer_up_to_half_a_minute() -> None:
    backoff = Backoff()
    delays = [backoff.after_death(lived_s=1.0) for _ in range(10)]
    assert delays == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_minute_of_health_forgives_every_death_before() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after_death(lived_s=0.0)
    assert backoff.after_death(lived_s=60.0) == 0.0
    assert backoff.after_death(lived_s=0.0) == 0.5
