"""`scoreloop`: the command line's entry. Each command's module is imported only when it is called."""

import sys
from importlib import import_module

import click

from events.errors import ScoreloopError

COMMANDS = {
    "broker": ("console.broker:broker", "Start, stop or look at a real Kafka for development."),
}
"""Each command: where it is, and what it does in one line."""

INTERRUPTED = 130


class Commands(click.Group):
    """A group whose commands are imported when they are called, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="scoreloop")
def scoreloop() -> None:
    """The loop that keeps a model honest on Kafka.

    \b
    A first run:
      scoreloop broker start
      scoreloop init --csv history.csv --label fraud --name payments
      scoreloop topics create stream.toml
      scoreloop train stream.toml --csv history.csv
      scoreloop up stream.toml
    """  # noqa: D301 (\b is click's mark for lines kept as they are)


def main() -> None:
    """Run the command line: exit 0 done, 1 could not be done (one sentence says why), 2 wrong usage."""
    try:
        sys.exit(scoreloop(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ScoreloopError as error:
        click.echo(f"scoreloop: {error}", err=True)
        sys.exit(1)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
