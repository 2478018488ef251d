"""Who does what a lesson does: whoever asked for it, and whoever decided about it."""

import msgspec

from pleiade.domain import Actor, Principal
from pleiade.lessons.nouns import Stored


def actor_of(stored: Stored) -> Actor:
    """As the audit log remembers them."""
    if stored.plan.decider:
        return msgspec.convert(stored.plan.decider, Actor)
    asked = msgspec.convert(stored.plan.principal, Principal)
    return Actor(type="api_key" if asked.key else "session", user=asked.user, key=asked.key)
