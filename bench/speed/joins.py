"""Parts `joining` and `waiting`: one joiner process. bench/joining.py measures it; here it is repeated.

`joining`: labels 20,000 rows late and out of order. `waiting`: no label comes, and all is held.
"""

from collections.abc import Iterator

import joining
from speed.figures import Figure
from speed.limit import passed_on
from speed.rig import Rig, Stream

from consumers.join.attic import Attic
from consumers.join.entry import Entry
from events import topics

OUTCOMES = 300_000
LATE = 20_000
WAITING = 1_000_000
LONG_WAITING = 10_000_000
REMEMBERED = 100_000
LIMIT_SHARE = 0.5
MOST_MEGABYTES = 2_048.0


def joined(rig: Rig) -> Iterator[Figure]:
    """Outcomes a second, against consuming predictions and labels and producing the predictions' bytes."""
    rate = Figure("joiner, exactly once", "outcomes/s")
    limit = Figure("transport's limit, predictions and labels in, predictions out", "outcomes/s")
    joiner = Figure("joiner's processor time", "µs/outcome")
    broker = Figure("broker's processor time", "µs/outcome")
    disk = Figure("in all other topics", "bytes/outcome")
    memory = Figure("joiner's most memory", "MB")
    for _ in range(rig.rounds):
        stream = rig.stream(more='windows = { length = "1h" }')
        joining.write(stream.settings, OUTCOMES, OUTCOMES, LATE)
        stream.stamp(topics.OUTCOMES)
        found = joining.joined(stream.settings, stream.path, OUTCOMES, rig.broker)
        rate.values.append(found["outcomes_a_second"])
        joiner.values.append(found["cpu_us_an_outcome"])
        broker.values.append(found["broker_us_an_outcome"])
        memory.values.append(found["peak_rss_mb"])
        disk.values.append(rig.written(stream) / OUTCOMES)
        limit.values.append(_limit(stream))
    yield rate
    yield limit
    yield rate.over(limit, "joiner: of the limit", at_least=LIMIT_SHARE)
    yield from (joiner, broker, memory, disk)


def _limit(stream: Stream) -> float:
    sources = [topics.PREDICTIONS, topics.LABELS]
    return passed_on(stream, sources, {topic: dict.fromkeys(stream.ends(topic), 0) for topic in sources})


def waiting(rig: Rig) -> Iterator[Figure]:
    """What answers that wait take, and how long a successor needs to know them again."""
    for count in (WAITING, LONG_WAITING) if rig.long else (WAITING,):
        stream = rig.stream(more='windows = { length = "1h" }')
        joining.write(stream.settings, count, 0, LATE)
        found = joining.waited(stream.settings, stream.path, count)
        title = f"{count // 1_000_000} million predictions waiting"
        yield Figure(f"{title}: memory", "MB", [found["rss_mb"]], at_most=MOST_MEGABYTES)
        yield Figure(
            f"{title}: memory after a restart", "MB", [found["restored_peak_rss_mb"]], at_most=MOST_MEGABYTES
        )
        yield Figure(f"{title}: disk for each that is there", "bytes", [found["disk_bytes_a_prediction"]])
        yield Figure(f"{title}: restore, a million", "s", [1e6 * found["restore_seconds"] / count])
    yield Figure("disk an event that is remembered", "bytes", [_remembered()])


def _remembered() -> float:
    """What the attic's file takes for an event that is over."""
    attic = Attic()
    over = (
        (f"event-{i:012d}", i, Entry(joined=f"3-{i}", label=1, label_ts=i, in_time=True, forget=i))
        for i in range(REMEMBERED)
    )
    attic.put(over)
    database = attic._database  # noqa: SLF001 (nobody else asks how large it is)
    [pages], [size] = (database.execute(f"PRAGMA {what}").fetchone() for what in ("page_count", "page_size"))
    attic.close()
    return float(pages * size / REMEMBERED)
