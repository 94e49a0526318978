"""`scoreloop`: the command line's entry. Each command's module is imported only when it is called."""

import sys
from importlib import import_module
from typing import cast

import click

from events.errors import ScoreloopError

COMMANDS = {
    "broker": ("console.broker:broker", "Start, stop or look at a real Kafka for development."),
    "init": ("console.init:init", "Write a stream.toml from a file of past events."),
    "topics": ("console.topics:topics", "Create the stream's topics, or check them."),
    "keys": ("console.keys:keys", "Make the keys by which scorers know whose versions and roles to trust."),
    "data": ("console.data:data", "Look at the rows of a training: what is wrong, and what to do about it."),
    "train": ("console.train:train", "Train a version on a file and make it champion."),
    "up": ("console.up:up", "Run every service in one terminal, until Ctrl-C."),
    "scorer": ("console.services:scorer", "Run one scorer, for a process manager."),
    "joiner": ("console.services:joiner", "Run one joiner, for a process manager."),
    "monitor": ("console.services:monitor", "Run the monitor, or one that stands by, for a process manager."),
    "trainer": ("console.services:trainer", "Run the trainer, or one that stands by, for a process manager."),
    "mlflow": ("console.services:mlflow", "Show versions, figures and the champion in MLflow, too."),
    "feed": ("console.feed:feed", "Publish the rows of a file or a generator as events, and their labels."),
    "status": ("console.status:status", "Say who serves, how far the services are, and what is wrong."),
    "models": ("console.models:models", "List versions; bring, copy, restore, reproduce and delete them."),
    "retrain": ("console.decide:retrain", "Train on labelled events; promote what is better."),
    "rollback": ("console.decide:rollback", "Make a previous champion the champion again."),
    "promote": ("console.decide:promote", "Make a version the champion."),
    "approve": ("console.approve:approve", "Carry out a promotion that waits for an operator."),
    "reject": (
        "console.decide:reject",
        "Take the canary or a shadow out of the roles; turn down what waits.",
    ),
    "pause": ("console.decide:pause", "Reject what the monitor decides until `resume`."),
    "resume": ("console.decide:resume", "Act on the monitor's decisions again."),
    "backtest": ("console.backtest:backtest", "Ask what a policy would have done, without a broker."),
    "offsets": ("console.offsets:offsets", "Show where services stand; skip what one cannot read, recorded."),
    "dead-letters": (
        "console.dead_letters:dead_letters",
        "Look at what was refused; send it back after a fix.",
    ),
    "explain": (
        "console.explain:explain",
        "Say why an event was answered as it was, and by whose decisions.",
    ),
    "audit": ("console.audit:audit", "Print who decided what and why, chained by hashes."),
    "verify": ("console.verify:verify", "Check the promises I1-I5 by rereading the topics."),
    "watch": ("console.watch:watch", "Print what happens in the stream, as it happens."),
    "demo": ("console.demo:demo", "Show the main job on a real Kafka, from an empty folder to a summary."),
    "size": ("console.size:size", "Say what a load takes: processes, partitions, memory, disk, Kafka."),
    "schema": ("console.schema:schema", "Print the JSON Schema of stream.toml, for editors."),
}
"""Each command: where it is, and what it does in one line."""

INTERRUPTED = 130


class Commands(click.Group):
    """A group whose commands are imported when they are called, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """The commands, in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        return cast("click.Command", getattr(import_module(module), name))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
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


if __name__ == "__main__":
    main()
