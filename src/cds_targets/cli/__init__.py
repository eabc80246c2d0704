"""The command line: one file per command, imported only when it is run.

Exit codes: 0 good, 1 findings, 2 could not run.
"""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

import click

from cds_targets import __version__
from cds_targets.errors import CdsTargetsError

# Command -> its line in `cds-targets --help`; the code stands in cli/<command>.py as a click command of that name.
COMMANDS = {
    "serve": "Start the service and print its address.",
    "doctor": "Explain the configuration, and what is wrong with it.",
    "read": "Read the tumour genomics of FHIR files (resources or Bundles in JSON).",
    "try": "Show the cards of a hook call as a clinician would see them.",
    "explain": "Explain why a card is shown, silent or open for the patient of a hook call.",
    "check": "Check cards, terms and studies, and run the examples inside them.",
    "background": "Say how often a gene is altered, where a drug stands, and what the review says of either.",
    "coverage": "Say where each fact of the review is used, or why it is not.",
    "trials": "Curated studies, the registry, and matching a patient.",
    "cards": "Switch cards off and on, run them in shadow, approve them.",
    "store": "Where records are kept: retention, backup, tables.",
    "audit": "Check and export the audit.",
    "replay": "Judge a past call again, and say whether the same cards come out.",
    "heartbeat": "Call a running service for a synthetic patient, and say whether her card comes.",
    "schema": "Print a published JSON Schema, or the vocabulary of cards.",
}


class _Commands(click.Group):
    """Commands by name, imported when run, and our errors as sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(f"cds_targets.cli.{name}"), name)
        assert isinstance(command, click.Command)  # noqa: S101 - narrows the type
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CdsTargetsError as error:
            click.echo(f"cds-targets: {error}", err=True)
            ctx.exit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="cds-targets")
def main() -> None:
    """Decision support for precision oncology over CDS Hooks.

    Settings are environment variables CDS_TARGETS_...; the README has the table. Exit codes: 0 good, 1 findings
    (for instance a card that fails its checks), 2 could not run.

    \b
    Start here:
      cds-targets serve              the service on http://127.0.0.1:8000
      cds-targets COMMAND --help     what a command needs, with an example
    """
