"""`scoreloop size`: what a load takes, by what was measured."""

from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from console.durations import DurationType
from console.stream import json_option, print_json
from events.durations import written
from ops.sizing import BUSY, COPIES, Load, Size, measured, sized

_EXAMPLES = """\b
Examples:
  scoreloop size --events 10000 --label-delay 1h
  scoreloop size --events 100000 --label-delay 10m --horizon 30m --missing 0.3 --json
"""


@click.command(epilog=_EXAMPLES)
@click.option("--events", type=click.FloatRange(min=0, min_open=True), required=True, metavar="N",
              help="Events a second, at the peak.")  # fmt: skip
@click.option("--label-delay", type=DurationType(zero=True), required=True, metavar="D",
              help="How late labels come, on average.")  # fmt: skip
@click.option("--horizon", type=DurationType(), metavar="D",
              help="[labels] horizon; default one and a half times the delay, at least 1m.")  # fmt: skip
@click.option("--missing", type=click.FloatRange(0, 1), default=0.1, show_default=True, metavar="P",
              help="The share of labels that never come.")  # fmt: skip
@click.option("--restart", type=DurationType(), default="10m", show_default=True, metavar="D",
              help="How long a joiner that restarts may take.")  # fmt: skip
@json_option
def size(
    events: float, label_delay: int, horizon: int | None, missing: float, restart: int, *, as_json: bool
) -> None:
    """Say what a load takes: processes, partitions, memory, disk, and of Kafka.

    Computed from what `make bench` measured on one machine (docs/scale.md), with eight numbers as features
    and a logistic regression: a wider event or a slower model takes more. Measure with your own.
    """
    if horizon is None:
        horizon = max(60_000, label_delay * 3 // 2)
    if horizon < label_delay:
        raise click.UsageError(
            f"--horizon {written(horizon)} is shorter than --label-delay {written(label_delay)}: "
            "most labels would come too late to count"
        )
    load = Load(events=events, label_delay=label_delay, horizon=horizon, missing=missing, restart=restart)
    costs = measured()
    found = sized(load, costs)
    if as_json:
        print_json({"load": {name: getattr(load, name) for name in load.__struct_fields__}, **asdict(found)})
        return
    table = Table(show_header=False, title=f"{events:,.0f} events/s, horizon {written(horizon)}",
                  title_justify="left", caption=f"by {costs.machine}", caption_justify="left")  # fmt: skip
    for what, value in _rows(found):
        table.add_row(what, value)
    Console().print(table)


def _rows(found: Size) -> list[tuple[str, str]]:
    return [
        ("scorers", f"{found.scorers:,}"),
        ("joiners", f"{found.joiners:,}, by {found.joiners_bound_by}"),
        ("partitions", f"{found.partitions:,}"),
        ("cores of all services", f"{found.cores:,.1f}, {BUSY:.0%} busy"),
        ("memory of all services", f"{found.memory_gb:,.1f} GB"),
        ("predictions waiting", f"{found.waiting_predictions:,}"),
        ("events remembered", f"{found.remembered_events:,}"),
        ("disk of each joiner", f"{found.joiner_disk_gb:,.1f} GB"),
        ("restart of a joiner", f"{found.restart_seconds:,.0f} s"),
        ("Kafka: written", f"{found.kafka_mb_a_second:,.1f} MB/s, before copies"),
        ("Kafka: cores", f"{found.kafka_cores:,.1f}, {COPIES} copies, at least {COPIES} brokers"),
        ("Kafka: disk", f"{found.kafka_disk_gb:,.0f} GB, {COPIES} copies"),
    ]
