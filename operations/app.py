"""All of the command's parts."""

import typer

from operations import cli, releases, telephony
from operations.doctor import doctor

app = typer.Typer(
    help=cli.__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)
app.command()(doctor)
app.add_typer(telephony.app, name="telephony")
app.add_typer(releases.app, name="release")
