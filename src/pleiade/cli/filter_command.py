"""`pleiade filter`: what a deployment filters, and what a text would be judged."""

from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, JsonOption, fail, opened, print_json


def set_filter(
    name: Annotated[str, typer.Argument(help="Name of the deployment.", autocompletion=completion.deployments)],
    policy: Annotated[
        str, typer.Argument(help="standard, strict, lenient, annotate, rules, off; left out: it is only shown.")
    ] = "",
    file: Annotated[Path | None, typer.Option(help="A policy of your own (docs/safety.md).", exists=True)] = None,
    streaming: Annotated[str, typer.Option(help="buffered or asynchronous.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a deployment filters, in prompts and in answers. It holds from the next second on."""
    import msgspec

    from pleiade.domain import OPERATOR
    from pleiade.domain.policy import POLICIES
    from pleiade.registry import get_deployment
    from pleiade.registry.policies import set_policy
    from pleiade.safety.policies import PolicyError, read_policy, written
    from pleiade.tenancy.audit import recorder

    if policy and file is not None:
        fail("give the name of a policy or --file, not both")
    if policy not in ("", "off", *POLICIES):
        fail(f"{policy!r} is no policy: say {', '.join(POLICIES)}, off, or give --file")
    if streaming not in ("", "buffered", "asynchronous"):
        fail(f"{streaming!r} is no way of streaming: say buffered or asynchronous")
    with opened(home, bundled=True) as place:
        wanted = get_deployment(place.db, name).policy
        if file is not None:
            try:
                wanted = read_policy(file.read_text("utf-8"))
            except (PolicyError, OSError, UnicodeDecodeError) as error:
                fail(f"{file}: {error}")
        elif policy:
            wanted = POLICIES.get(policy)
        if streaming:
            if wanted is None:
                fail(f"{name} filters nothing: choose a policy too, say standard")
            wanted = msgspec.structs.replace(wanted, streaming=streaming)
        if policy or file is not None or streaming:
            told = "off" if wanted is None else (policy or (file.name if file is not None else "changed"))
            set_policy(place.db, name, wanted, record=recorder(OPERATOR, "deployment.updated", name, filter=told))
    if as_json:
        print_json({"deployment": name, "policy": None if wanted is None else written(wanted)})
        return
    if wanted is None:
        print(f"{name} filters nothing")
        return
    print(f"{name} filters, streams are {wanted.streaming}:")
    for side, screen in (("prompts", wanted.prompt), ("answers", wanted.output)):
        parts = [f"{field} {getattr(screen, field)}" for field in screen.__struct_fields__]
        print(f"  {side}: {', '.join(part for part in parts if not part.endswith(' off')) or 'no category'}")
    for blocklist in wanted.blocklists:
        print(
            f"  {blocklist.name}: {len(blocklist.terms)} terms, {len(blocklist.patterns)} patterns, {blocklist.action}"
        )
