"""All of the command's parts."""

import typer

from operations import cli, numbers, releases, secrets, telephony, tenants
from operations.doctor import doctor

app = typer.Typer(
    help=cli.__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
app.command()(doctor)
app.add_typer(tenants.app, name="tenant")
app.add_typer(secrets.app, name="secrets")
telephony.app.command()(numbers.attach)
telephony.app.command()(numbers.detach)
app.add_typer(telephony.app, name="telephony")
app.add_typer(releases.app, name="release")
