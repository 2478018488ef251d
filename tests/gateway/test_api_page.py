"""docs/api.md tells every route that is mounted, and no other."""

import re
from pathlib import Path

from pleiade.gateway.app import create_app
from pleiade.gateway.keys import FixedKeys
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


async def test_every_route_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `((?:GET|POST|PUT|PATCH|DELETE) /\S*)` \|", PAGE.read_text(), re.MULTILINE)
    settings = Settings()
    gateway = create_app(settings, keys=FixedKeys({}), rooms=production_rooms(settings))
    # A route without a path of its own is the deployment that its prefix names.
    mounted = [f"{route.method} {route.path or '/deployments/{deployment}'}" for route in gateway.routes]
    assert sorted(documented) == sorted(mounted)
