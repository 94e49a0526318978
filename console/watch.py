"""`scoreloop watch`: the stream's records as they come."""

from datetime import UTC, datetime
from threading import Event
from typing import Any

import click
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, Message, TopicPartition

from console.running import run_until_stopped
from console.stream import stream_argument
from events import topics
from events.dead_letters import octets
from events.settings import Settings
from transport.clients import consumer
from transport.reading import READER_GROUP, arrived, is_end, is_record
from transport.topics import partitions, require

WAIT_SECONDS = 0.2
AT_ONCE = 1_000
LONGEST_LINE = 400
NAMES = [topic.name for topic in topics.TOPICS]


@click.command(epilog="Example: scoreloop watch stream.toml --topic predictions --topic dead-letters")
@stream_argument
@click.option("--topic", "names", type=click.Choice(NAMES), multiple=True, help="Only this; may be repeated.")
@click.option("--from-beginning", is_flag=True, help="Begin with what is there, not with what comes.")
@click.option("--whole", is_flag=True, help="Print values in full instead of their beginnings.")
def watch(settings: Settings, names: tuple[str, ...], *, from_beginning: bool, whole: bool) -> None:
    """Print the stream's committed records as they come, one a line, until Ctrl-C."""
    watched = [topic for topic in topics.TOPICS if not names or topic.name in names]
    there = partitions(require(settings, *watched), settings)
    at = OFFSET_BEGINNING if from_beginning else OFFSET_END
    named = [topic.of(settings.name) for topic in watched]
    reading = consumer(settings.kafka, READER_GROUP)
    reading.assign(
        [TopicPartition(name, partition, at) for name in named for partition in range(there[name])]
    )
    run_until_stopped(lambda stop: _print(reading, None if whole else LONGEST_LINE, stop))


def _print(reading: Consumer, longest: int | None, stop: Event) -> None:
    while not stop.is_set():
        for message in arrived(reading, AT_ONCE, WAIT_SECONDS):
            if not is_end(message) and is_record(message):
                click.echo(line(message, longest))
    reading.close()


def line(message: Message, longest: int | None) -> str:
    """One record in one line: when, where, key, value, and headers where it has any."""
    when = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    key = _text(octets(message.key()))
    pairs: Any = message.headers() or []  # typed as text by the client, though it gives pairs
    headers = "".join(f" {name}={_text(octets(value))}" for name, value in pairs)
    value = _text(octets(message.value()))
    shown = value if longest is None or len(value) <= longest else value[:longest] + "…"
    return f"{when} {message.topic()}[{message.partition()}]@{message.offset()} {key}{headers} {shown}"


def _text(data: bytes | None) -> str:
    return "null" if data is None else data.decode(errors="backslashreplace")
