"""A second server, for the tests that do a server harm."""

from collections.abc import Iterator

import pytest

from serving import Server, serve


@pytest.fixture(scope="session")
def spare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two gateways, little patience with slow clients, `torch` and `transformers` that raise on import."""
    poison = tmp_path_factory.mktemp("poison")
    for module in ("torch", "transformers"):
        (poison / f"{module}.py").write_text(f"raise ImportError('the serving path imported {module}')\n")
    env = {"PYTHONPATH": str(poison), "PLEIADE_SLOW_CLIENT_TIMEOUT_S": "2"}
    with serve(tmp_path_factory.mktemp("spare") / "home", "--workers", "2", env=env) as running:
        yield running
