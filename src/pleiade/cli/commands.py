"""All commands, put together."""

import typer

from pleiade.cli import (
    audit,
    batch,
    deploy,
    doctor,
    filter_command,
    filter_protect,
    finetune,
    image,
    invoice,
    issuer,
    key,
    ledger,
    lessons,
    model,
    org,
    price,
    project,
    quota,
    redteam,
    registration,
    settle,
    traffic,
    train_command,
    up,
    usage,
    user,
    version,
)
from pleiade.cli.two_words import TwoWords

app = typer.Typer(
    name="pleiade",
    help="Your own OpenAI, on machines you control.",
    no_args_is_help=True,
    cls=TwoWords,
    pretty_exceptions_enable=False,  # its frames would print local variables: keys among them
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("up")(up.up)
app.add_typer(model.app, name="model")
app.command("deploy")(deploy.deploy)
app.command("undeploy")(deploy.undeploy)
app.command("traffic")(traffic.traffic)
app.command("restart")(traffic.restart)
app.command("rollback")(traffic.rollback)
app.command("filter")(filter_command.set_filter)
app.add_typer(filter_protect.app, name="filter protect")
app.command("redteam")(redteam.redteam)
app.command("deployments")(deploy.deployments)
app.add_typer(key.app, name="key")
app.add_typer(org.app, name="org")
app.add_typer(project.app, name="project")
registration.add_to(user.app)
app.add_typer(user.app, name="user")
app.add_typer(audit.app, name="audit")
app.add_typer(issuer.app, name="issuer")
app.add_typer(image.app, name="image")
app.add_typer(batch.app, name="batch")
app.add_typer(finetune.app, name="finetune")
lessons.add_to(app)
app.add_typer(price.app, name="price")
app.add_typer(invoice.app, name="invoice")
app.add_typer(quota.app, name="quota")
app.command("usage")(usage.usage)
app.add_typer(ledger.app, name="ledger")
app.command("settle")(settle.settle)
app.command("settle recorded")(settle.recorded)
app.command("doctor")(doctor.doctor)
app.command("version")(version.version)
train_command.add_to(app)
