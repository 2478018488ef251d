"""/organization/deployments/{deployment}/filter: what it filters, changed and tried by the house's administrators."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import sqlalchemy as sa

from pleiade.domain import Deployment, ModelKind
from pleiade.domain.policy import POLICIES, FilterPolicy, preset_of
from pleiade.gateway.call import Call
from pleiade.gateway.deployments.placing import Placing
from pleiade.gateway.errors import ApiError, bad_request, unavailable
from pleiade.gateway.filters.asking import Judge
from pleiade.gateway.filters.lost import JudgeLostError
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.problems import missing, wrong_value
from pleiade.gateway.routing import Route
from pleiade.gateway.typed import typed
from pleiade.registry import get_model, list_deployments
from pleiade.registry.policies import set_policy
from pleiade.safety.explaining import hits
from pleiade.safety.judging import Text, judge
from pleiade.safety.policies import PolicyError, check_policy, written
from pleiade.safety.severity import severities
from pleiade.safety.taxonomy import HARMS
from pleiade.tenancy.audit import recorder

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

OBJECT = "organization.deployment.filter"
NAMES = ("off", *POLICIES)
LONGEST = 100_000  # characters of a text to be tried


class AskedFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of our policies by its name, or one of your own."""

    preset: str = ""
    policy: FilterPolicy | None = None


class FilterTrial(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to be judged, by a policy that need not be in force; without one, by the deployment's own."""

    text: str
    side: Literal["prompt", "document", "output"] = "prompt"  # document: what a tool brings along with a prompt
    preset: str = ""
    policy: FilterPolicy | None = None


class Filters:
    """The routes of a deployment's filter."""

    def __init__(self, administration: Administration, placing: Placing) -> None:
        self._administration = administration
        self._placing = placing
        self._judge: Judge | None = None  # there once the gateway starts
        path = "/organization/deployments/{deployment}/filter"
        self.routes = (
            Route(method="GET", path=path, handler=self.retrieve),
            Route(method="POST", path=path, handler=self.change, takes=AskedFilter),
            Route(method="POST", path=path + "/test", handler=self.test, takes=FilterTrial),
        )

    def start(self, gateway: "Gateway") -> None:
        """From now on texts can be judged."""
        self._judge = Judge(gateway)

    async def retrieve(self, call: Call) -> None:
        """What a deployment filters in prompts and in answers, and the policies that have a name."""
        self._administration.enter(call)
        await send(call, _shown(await self._find(call)))

    async def change(self, call: Call) -> None:
        """Filter by another policy, or (`off`) not at all; in force within a second."""
        self._administration.enter(call)
        deployment = await self._find(call)
        raw = await self._administration.body(call)
        asked = typed(raw, AskedFilter)
        if not asked.preset and asked.policy is None:
            raise missing("policy")
        policy = await self._policy(asked.preset, asked.policy, raw)
        name = deployment.name
        actor = await self._administration.actor(call)
        record = recorder(actor, "deployment.updated", name, filter=preset_of(policy))
        changed = await self._placing.run(set_policy, name, policy, record=record)
        await send(call, _shown(changed))

    async def test(self, call: Call) -> None:
        """What a policy would do with a text: nothing is changed, and nothing of the text is kept."""
        self._administration.enter(call)
        deployment = await self._find(call)
        raw = await self._administration.body(call)
        asked = typed(raw, FilterTrial)
        if len(asked.text) > LONGEST:
            raise bad_request(f"A text to be tried has at most {LONGEST:,} characters.", param="text")
        if asked.preset or asked.policy is not None:
            policy = await self._policy(asked.preset, asked.policy, raw)
        else:
            policy = deployment.policy
        await send(call, await self._tried(deployment.name, asked, policy or POLICIES["rules"]))

    async def _tried(self, name: str, asked: FilterTrial, policy: FilterPolicy) -> dict[str, Any]:
        if self._judge is None:
            raise unavailable("The server is starting: no text can be judged yet. Please retry.", 2.0)
        prompt = asked.side != "output"
        screen = policy.prompt if prompt else policy.output
        text = Text(asked.text, foreign=asked.side == "document")
        scores, outage = None, ""
        try:  # asked also where the policy does not need it: whoever writes one sees what it would have to look at
            (scores,) = await self._judge.scores([asked.text], policy, prompt=prompt)
        except JudgeLostError as error:
            outage = str(error)
        counted = [scores] if scores is not None and screen.needs_model else None
        told = outage if screen.needs_model else ""
        repeats = self._judge.repeats(asked.text) if screen.protected_text != "off" and not prompt else None
        look = partial(judge, prompt=prompt, outage=told, repeats=repeats)
        judgement = await asyncio.to_thread(look, [text], counted, screen, policy.blocklists)
        found = await asyncio.to_thread(hits, text, screen, policy.blocklists, prompt=prompt)
        return {
            "object": OBJECT + ".test",
            "deployment": name,
            "side": asked.side,
            "blocked": judgement.blocked,
            "results": judgement.results,
            "rules": [msgspec.to_builtins(hit) for hit in found],
            "severities": None if scores is None else severities([scores.get(harm, 0.0) for harm in HARMS]),
            "scores": scores,
            "outage": judgement.outage or outage or None,
        }

    async def _policy(self, preset: str, policy: FilterPolicy | None, raw: dict[str, Any]) -> FilterPolicy | None:
        """The policy that is asked for. Raises ApiError 400 with the field that is wrong."""
        if policy is None:
            if preset not in NAMES:
                raise wrong_value("preset", preset[:40], NAMES)
            return POLICIES.get(preset)
        if preset:
            raise bad_request("Give 'preset' or 'policy', not both.", param="preset")
        try:  # in a thread: each expression is tried on long texts
            await asyncio.to_thread(check_policy, policy, raw["policy"])
        except PolicyError as error:
            message = f"{str(error)[:1].upper()}{str(error)[1:]}."
            raise bad_request(message, param=f"policy.{error.param}", code="invalid_value") from error
        await self._placing.run(_check_judge, policy.judge)
        return policy

    async def _find(self, call: Call) -> Deployment:
        """Raises ApiError 404."""
        name = call.params["deployment"]
        for deployment in await self._placing.run(list_deployments):
            if deployment.name == name:
                return deployment
        raise ApiError(404, f"No deployment is called {name[:80]!r}.", code="not_found", param="deployment")


def _check_judge(db: sa.Engine, name: str) -> None:
    """That texts can be judged by it: a moderation model, or a guard that chats. Raises ApiError 400."""
    kinds = {one.name: get_model(db, one.model).kind for one in list_deployments(db)}
    if kinds.get(name) not in (ModelKind.MODERATION, ModelKind.TEXT):
        known = ", ".join(one for one, kind in kinds.items() if kind is ModelKind.MODERATION) or "none"
        message = f"{name[:80]!r} is no deployment of a moderation model (there are: {known}) or of a guard that chats."
        raise bad_request(message, param="policy.judge", code="invalid_value")


def _shown(deployment: Deployment) -> dict[str, Any]:
    policy = deployment.policy
    return {
        "object": OBJECT,
        "deployment": deployment.name,
        "preset": preset_of(policy),
        "policy": None if policy is None else written(policy),
        "presets": {name: written(preset) for name, preset in POLICIES.items()},
    }
