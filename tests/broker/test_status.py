"""`status` and `watch` on a real Kafka: what they print is what was sent, before, while and after it runs."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner
from streams import CLASSES, Stream, until

from console.status import status
from consumers.monitor_service import run_monitor
from events import topics
from events.internal import Process
from events.outputs import Output, Outputs
from events.records import Roles
from events.settings import Kafka
from producers.finish import finish
from transport.behind import FEW, behind
from transport.transaction import TransactionalProducer

START = 1_700_000_040_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
EVENTS, LABELLED, SHADOWED = 300, 200, 300
WINDOWS = EVENTS * SECOND // MINUTE
BODY = 'windows = { length = "1m" }\nmonitor.running_every = "200ms"\n' + CLASSES.replace(
    "[labels]", '[labels]\nhorizon = "48h"'
)


@pytest.fixture
def stream(kafka: Kafka, tmp_path: Path) -> Stream:
    return Stream(kafka, tmp_path, BODY)


def label(i: int, label: str = "ok", delay: int = 500) -> bytes:
    return json.dumps({"event_id": f"e-{i}", "label": label, "ts": START + i * SECOND + delay}).encode()


LABELS = [
    *map(label, range(LABELLED)),
    *map(label, range(5)),  # repeats
    *(label(i, "fraud") for i in range(5, 8)),  # conflicts, whichever comes first
    label(LABELLED, delay=49 * HOUR),  # late
    b"{", b'{"event_id": "e-1", "label": "maybe"}',  # refused
    *map(label, range(900, 904)),  # of no event
]  # fmt: skip


def printed(stream: Stream, *options: str) -> str:
    done = CliRunner().invoke(status, [str(stream.path), *options])
    assert done.exit_code == 0, done.output
    return done.output


def facts(stream: Stream) -> dict[str, Any]:
    """What `status --json` says; the sums of I4 hold whenever it is asked."""
    known: dict[str, Any] = json.loads(printed(stream, "--json"))
    for counts in (known["counts"] or {}).values():
        if isinstance(counts, dict) and "read" in counts:
            assert counts["read"] == sum(n for name, n in counts.items() if name != "read")
            assert min(counts.values()) >= 0
    return known


def states(known: dict[str, Any]) -> dict[str, str]:
    return {name: known["services"][name]["state"] for name in (topics.SCORER, topics.JOINER, topics.MONITOR)}


def slots(known: dict[str, Any]) -> dict[str, str]:
    return {w["worker"]: w["state"] for service in known["services"].values() for w in service["workers"]}


def lags(known: dict[str, Any], *services: str) -> set[int]:
    return {lag for service in services for lag in known["services"][service]["lags"].values()}


def when(stream: Stream, holds: Any, what: str) -> dict[str, Any]:
    """The facts once they are so."""

    def found() -> dict[str, Any] | None:
        known = facts(stream)
        return known if holds(known) else None

    known: dict[str, Any] = until(found, what)
    return known


@contextmanager
def running(stream: Stream) -> Iterator[None]:
    with (
        stream.scorer() as scorer,
        stream.joiner() as joiner,
        stream.service(run_monitor, 0) as active,
        stream.service(run_monitor, 1) as standby,
    ):
        yield
    assert scorer == joiner == active == standby == []


@contextmanager
def watching(stream: Stream, *options: str) -> "Iterator[Popen[str]]":
    with stream.command("watch", stream.path.name, "--from-beginning", *options) as process:
        yield process


def ended(process: "Popen[str]") -> list[str]:
    """The lines of a `watch` that Ctrl-C ends."""
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    return output.splitlines()[1:]


def read_until(process: "Popen[str]", enough: Event, lines: list[str], last: str, times: int) -> Thread:
    """Gathers what `watch` prints; `enough` is set once `last` came so often."""

    def read() -> None:
        seen = 0
        for line in process.stdout or ():
            lines.append(line.rstrip("\n"))
            seen += last in line
            if seen >= times:
                enough.set()

    thread = Thread(target=read, daemon=True)
    thread.start()
    return thread


def test_before_anything_ran_it_says_so(stream: Stream) -> None:
    known = facts(stream)
    assert (known["counts"], known["newest_window"], known["roles"]) == (None, None, None)
    assert known["watermark"] == {"ts": None, "newest_event_ts": None, "behind_ms": None}
    assert set(states(known).values()) == {"none"}
    assert lags(known, *known["services"]) == {0}
    text = printed(stream)
    for part in (
        "no version yet",
        "nothing counted yet: no monitor has run",
        "nobody runs the scorer, joiner,",
    ):
        assert part in text


def test_a_lag_is_in_records_and_leaves_out_the_marks_of_transactions(stream: Stream) -> None:
    kafka, name = stream.settings.kafka, stream.topic(topics.METRICS)
    producer = TransactionalProducer(kafka, f"{name}.played")
    for _ in range(5):
        producer.commit(Outputs(single=[Output(name, key=None, value=b"{}")]))
    gaps = {start: behind(kafka, name, {0: (start, 10)})[0] for start in (0, 1, 4, 9, 10, 11)}
    assert gaps == {0: 5, 1: 4, 4: 3, 9: 0, 10: 0, 11: 0}, "each record stands before a mark"
    stream.send([b"{}"] * FEW, topics.METRICS)
    assert behind(kafka, name, {0: (10, 10 + FEW)}) == {0: FEW}
    assert behind(kafka, name, {0: (9, 10 + FEW)}) == {0: FEW + 1}, "over a wide gap marks are counted"
    assert behind(kafka, name, {}) == {}


def test_the_counts_are_what_was_sent(stream: Stream) -> None:
    stream.train(seed=1)
    stream.train(seed=2)
    stream.put(topics.ROLES_KEY, Roles(epoch=3, ts=0, champion=2, shadows=(1,), decision_id="d").encoded())
    stream.send(stream.event(i, ts=START + i * SECOND) for i in range(EVENTS))
    stream.send(LABELS, topics.LABELS)
    before = facts(stream)
    assert (before["services"]["scorer"]["lag"], before["services"]["joiner"]["lag"]) == (EVENTS, len(LABELS))
    with watching(stream) as watch, watching(stream, "--json", "--topic", "metrics") as records:
        lines: list[str] = []
        enough = Event()
        reading = read_until(watch, enough, lines, " window ", 2 * WINDOWS)
        with running(stream):
            _while_it_runs(stream)
            assert finish(stream.settings, lambda: False, lambda _: None)
            done = when(
                stream, lambda known: lags(known, *states(known)) == {0}, "the services to have read all"
            )
            assert enough.wait(30), lines
        until(lambda: True if any("monitor-0 ended" in line for line in lines) else None, "the monitor's end")
        watch.send_signal(signal.SIGINT)
        assert watch.wait(30) == 0
        reading.join(30)
        finals = [json.loads(line) for line in ended(records)]
    _when_it_is_done(done)
    _what_was_watched(lines, [record["value"] for record in finals])
    after = facts(stream)
    assert set(states(after).values()) == {"none"}
    for name in ("counts", "watermark", "newest_window"):
        assert after[name] == done[name]
    stream.send(
        [Process(worker="joiner-0", process="host:1", ts=after["ts"] - 3 * HOUR).encoded()],
        topics.SERVICES, b"joiner-0",
    )  # fmt: skip
    assert slots(facts(stream)) == {"joiner-0": "gone"}
    assert "joiner-0 gone 3h ago" in printed(stream)


def _while_it_runs(stream: Stream) -> None:
    waits = EVENTS - LABELLED
    answers = {"read": EVENTS, "matched": LABELLED, "expired": 0, "waiting": waits}

    def settled(known: dict[str, Any]) -> bool:
        counts = known["counts"]
        joined = counts is not None and counts["predictions"] == counts["shadows"] == answers
        return joined and counts["labels"]["waiting"] == 4 and "standing by" in slots(known).values()

    known = when(stream, settled, "the labels to have matched, and a monitor to stand by")
    assert known["counts"]["labels"] == {
        "read": len(LABELS), "matched": LABELLED, "repeats": 5, "conflicts": 3, "late": 1, "orphans": 0,
        "refused": 2, "waiting": 4,
    }  # fmt: skip
    assert known["counts"]["waiting_by_joiner"] == {"predictions": waits, "shadows": waits, "labels": 4}
    assert set(states(known).values()) == {"running"}
    monitors = {slots(known)[f"monitor-{slot}"] for slot in range(2)}
    assert monitors == {"running", "standing by"}
    assert slots(known)["scorer-0"] == "serving"
    newest = START + (EVENTS - 1) * SECOND
    assert known["watermark"]["newest_event_ts"] == newest
    if (watermark := known["watermark"]["ts"]) is not None:
        assert known["watermark"]["behind_ms"] == newest - watermark


def _when_it_is_done(known: dict[str, Any]) -> None:
    counts = known["counts"]
    expired = {"read": EVENTS, "matched": LABELLED, "expired": EVENTS - LABELLED, "waiting": 0}
    assert (counts["predictions"], counts["shadows"]) == (expired, expired)
    assert (counts["labels"]["orphans"], counts["labels"]["waiting"]) == (4, 0)
    assert set(counts["waiting_by_joiner"].values()) == {0}
    newest = known["newest_window"]
    assert (newest["from_ts"], newest["model_version"]) == (START + (WINDOWS - 1) * MINUTE, 2)
    assert (newest["predictions"], newest["labelled"], newest["coverage"]) == (60, 0, 0.0)
    ends = {topic: [end for _, end in of.values()] for topic, of in known["topics"].items()}
    positions = known["services"]["scorer"]["offsets"]
    [(topic, of)] = positions.items()
    assert [position["committed"] for position in of.values()] == ends[topic]
    assert sum(position["committed"] for position in of.values()) == EVENTS


def _what_was_watched(lines: list[str], finals: list[dict[str, Any]]) -> None:
    assert all(value["final"] for value in finals)
    served = {value["from_ts"]: value for value in finals if value["role"] == "champion"}
    assert sum(value["predictions"] for value in served.values()) == EVENTS
    assert sum(value["labelled"] for value in served.values()) == LABELLED
    windows = [line for line in lines if " window " in line]
    assert len(windows) == len(finals) == 2 * WINDOWS
    full = served[START]
    [first] = [line for line in windows if "v2 champion 11-14 22:14 n 60 " in line]
    assert f"cov 100%  err {full['error']:.3f} [{full['error']:.3f}, {full['error']:.3f}]" in first
    assert first.endswith("delay 500ms/500ms")
    assert max(map(len, windows)) <= 110
    for part in (
        "version v1 ",
        "roles   v2 is champion, shadow v1, epoch 3 (d)",
        "worker  scorer-0 serving v2 of",
    ):
        assert [line for line in lines if part in line], part
    assert [line for line in lines if "worker  monitor-0 ended" in line]
    assert [line for line in lines if re.search("monitor-[01] running: measuring", line)]
    assert [line for line in lines if re.search("monitor-[01] standing by", line)]
