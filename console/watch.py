"""`scoreloop watch`: what happens in the stream, as it happens."""

import time
from threading import Event

import click
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, TopicPartition

from console.running import run_until_stopped
from console.stream import stream_argument
from console.telling import Telling
from events import topics
from events.durations import written
from events.settings import Settings
from transport.clients import consumer
from transport.reading import READER_GROUP, arrived, is_end, is_record
from transport.topics import partitions, require

WAIT_SECONDS = 0.2
AT_ONCE = 1_000
NAMES = [topic.name for topic in topics.TOPICS]
HAPPENINGS = (topics.METRICS, topics.DRIFT, topics.CONTROL, topics.MODELS, topics.WORKERS)

_EXAMPLES = """\b
Examples:
  scoreloop watch stream.toml
  scoreloop watch stream.toml --topic metrics --running --from-beginning
  scoreloop watch stream.toml --json | jq 'select(.topic == "drift").value.message'
"""


@click.command(epilog=_EXAMPLES)
@stream_argument
@click.option("--topic", "names", type=click.Choice(NAMES), multiple=True, help="Only this; may be repeated.")
@click.option("--running", is_flag=True, help="Also the figures of windows that are not final.")
@click.option("--from-beginning", is_flag=True, help="Begin with what is there, not with what comes.")
@click.option("--whole", is_flag=True, help="Print values in full instead of their beginnings.")
@click.option("--json", "as_json", is_flag=True, help="Print records, each as JSON in one line.")
def watch(
    settings: Settings,
    names: tuple[str, ...],
    *,
    running: bool,
    from_beginning: bool,
    whole: bool,
    as_json: bool,
) -> None:
    """Print what happens, a line each, until Ctrl-C: final figures, alarms, decisions, roles, and services.

    \b
    window   figures of one window: version, role, where it starts (event time), n predictions, coverage,
             error [lowest, highest, whatever the missing labels are], f1 or rmse, label delay p50/p99
    drift    an alarm              asked    what the monitor or an operator asks for
    version  a version came        result   what became of a decision
    roles    who serves            worker   a service came, went, or says something else

    With --topic any other topic of the stream is printed too, its records as they are. With --json the same
    records: topic, partition, offset, ts, key, headers where there are any, and value (JSON; text where it
    is none; null for a tombstone). A worker's report that repeats the one before is left out. Times are UTC.
    """  # noqa: D301 (\b is click's mark for lines kept as they are)
    chosen = [topic for topic in topics.TOPICS if topic.name in names] or list(HAPPENINGS)
    watched = [*chosen, topics.SERVICES] if topics.WORKERS in chosen else chosen
    there = partitions(require(settings, *watched), settings)
    at = OFFSET_BEGINNING if from_beginning else OFFSET_END
    reading = consumer(settings.kafka, READER_GROUP)
    telling = Telling(settings.name, running=running, as_json=as_json, whole=whole)
    click.echo(_introduction(settings, chosen), err=True)
    reading.assign(
        [TopicPartition(name, p, at) for topic in watched
         for name in (topic.of(settings.name),) for p in range(there[name])]
    )  # fmt: skip
    run_until_stopped(lambda stop: _print(reading, telling, stop))


def _introduction(settings: Settings, chosen: list[topics.Topic]) -> str:
    names = ", ".join(topic.name for topic in chosen)
    windows = f"; windows of {written(settings.windows.length)}" if topics.METRICS in chosen else ""
    return f"{settings.name}: watching {names}{windows}; times are UTC; Ctrl-C ends it"


def _print(reading: Consumer, telling: Telling, stop: Event) -> None:
    try:
        while not stop.is_set():
            for message in arrived(reading, AT_ONCE, WAIT_SECONDS):
                if not is_end(message) and is_record(message):
                    _say(telling.line(message, time.monotonic()))
            for line in telling.gone(time.time_ns() // 1_000_000, time.monotonic()):
                _say(line)
    finally:
        reading.close()


def _say(line: str | None) -> None:
    if line is not None:
        click.echo(line)
