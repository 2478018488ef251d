"""A picture's prompt that a policy filters is told in the words of the image route (wire-contract §4.2)."""

from scripted_engine import ScriptedEngine
from scripted_filters import check_wire, judge_by_words
from scripted_gateway import endpoint, openai_error
from scripted_pictures import image_endpoint

from pleiade.domain.policy import POLICIES


async def test_a_filtered_prompt_makes_no_picture(serve_pictures, engine: ScriptedEngine) -> None:
    judge = ScriptedEngine(script=judge_by_words)
    await judge.start()
    drawing = image_endpoint(engine, policy=POLICIES["standard"])
    asked = endpoint(judge, deployment="pleiade-moderation", model="judge-1", kind="moderation", aliases=())
    served = await serve_pictures(endpoints=[drawing, asked])
    path = f"/openai/deployments/{drawing.deployment}/images/generations?api-version=2024-10-21"
    answer = await served.post(path, {"prompt": "STAB him"})
    assert answer.status == 400
    check_wire("image_prompt_filtered", await answer.json())
    body = {"model": drawing.deployment, "prompt": "STAB him"}
    error = await openai_error(await served.post("/v1/images/generations", body))
    assert error["code"] == "content_policy_violation"
    assert engine.seen == []
    await judge.stop()
