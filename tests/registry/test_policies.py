"""What a deployment filters is kept beside it, told to gateways, and gone with it."""

import pytest
import sqlalchemy as sa

from pleiade.domain.policy import POLICIES, Blocklist, FilterPolicy
from pleiade.registry import RegistryError, deploy, deployments_version, get_deployment, register_bundled, undeploy
from pleiade.registry.policies import set_policy


def test_a_policy_is_set_changed_and_taken_away(db: sa.Engine) -> None:
    register_bundled(db)
    deploy(db, "chat", model="pleiade-pico", engine="text_openvino")
    assert get_deployment(db, "chat").policy is None
    own = FilterPolicy(blocklists=(Blocklist(name="house", terms=("Nessie",), patterns=("x[0-9]",)),))
    for policy in (POLICIES["strict"], own, None, POLICIES["rules"]):
        before = deployments_version(db)
        assert set_policy(db, "chat", policy).policy == policy
        assert deployments_version(db) > before
    deploy(db, "chat", model="pleiade-pico", engine="text_openvino")
    assert get_deployment(db, "chat").policy == POLICIES["rules"]
    undeploy(db, "chat")
    deploy(db, "chat", model="pleiade-pico", engine="text_openvino")
    assert get_deployment(db, "chat").policy is None
    with pytest.raises(RegistryError, match="no deployment"):
        set_policy(db, "nobody", None)
