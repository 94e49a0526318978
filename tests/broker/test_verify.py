"""`scoreloop verify` on what the real services write: green at rest and under way, red for a planted bug."""

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from confluent_kafka import Message
from planted import PLANTED, is_of
from streams import CLASSES, Stream, until

from console.main import main
from consumers.monitor_service import run_monitor
from events import topics
from events.settings import BOOTSTRAP_VARIABLE, Kafka
from events.topics import Topic
from models import window_book
from producers.finish import finish
from transport import clients

MINUTE = 60_000
START = 1_699_999_200_000
"""Where a window starts."""
HORIZON, DELAY = 60, 5
"""In minutes; an event comes each minute, and its label `DELAY` later."""
BODY = (
    'windows = { length = "20m", bucket = "20m", segments = ["country"] }\nmonitor.running_every = "100ms"\n'
    + CLASSES.replace('classes = ["fraud", "ok"]', f'classes = ["fraud", "ok"]\nhorizon = "{HORIZON}m"')
)


def event(stream: Stream, i: int) -> bytes:
    return stream.event(i, ts=START + i * MINUTE)


def label(i: int, delay: int = DELAY, *, other: bool = False) -> bytes:
    """The label of event `i`, known `delay` minutes after it; or the `other` class."""
    name = ("fraud", "ok")[(i % 4 == 0) is other]
    return json.dumps({"event_id": f"e-{i}", "label": name, "ts": START + (i + delay) * MINUTE}).encode()


def missing(i: int) -> bool:
    return i % 10 == 3


def send(stream: Stream, topic: Topic, values: Iterable[bytes]) -> None:
    """Append records to all partitions in turn, so that none of them holds the watermark back for long."""
    producer = clients.producer(stream.settings.kafka)
    for i, value in enumerate(values):
        producer.produce(stream.topic(topic), value, partition=i % 3)
    assert producer.flush(60) == 0


@contextmanager
def services(stream: Stream) -> Iterator[Callable[[], None]]:
    """All services run; what this yields is `feed --finish`."""
    with stream.scorer() as scoring, stream.joiner() as joining, stream.service(run_monitor, 0) as measuring:

        def failures() -> list[BaseException]:
            return [*scoring, *joining, *measuring]

        def finished() -> None:
            waited = [0.0]
            assert finish(stream.settings, lambda: bool(failures()) or waited[-1] > 60, waited.append), (
                failures()
            )

        yield finished
    assert failures() == []


@dataclass
class Verified:
    code: int
    report: dict[str, Any]
    said: str

    def counts(self, part: str) -> dict[str, int]:
        return dict(self.report["checked"][part])

    def records(self, promise: str, words: str) -> list[str]:
        """The records that are shown for a finding."""
        found = [f for f in self.report["findings"] if f["promise"] == promise and words in f["sentence"]]
        return [example["record"] for finding in found for example in finding["first"]]

    def events(self) -> set[str]:
        """The events that are at fault."""
        examples = [example for finding in self.report["findings"] for example in finding["first"]]
        return {example["event_id"] for example in examples if example["event_id"] is not None}


Verify = Callable[[Stream], Verified]


@pytest.fixture
def verify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """The command's exit code, what it printed, and what it said beside that."""
    monkeypatch.delenv(BOOTSTRAP_VARIABLE, raising=False)

    def run(stream: Stream) -> Verified:
        monkeypatch.setattr(sys, "argv", ["scoreloop", "verify", str(stream.path), "--json"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed, said = capsys.readouterr()
        return Verified(int(ended.value.code or 0), json.loads(printed), said)

    return run


def place(message: Message) -> str:
    return f"{message.topic()}-{message.partition()}-{message.offset()}"


def test_a_stream_with_every_fate_is_green_and_counted(kafka: Kafka, tmp_path: Path, verify: Verify) -> None:
    stream = Stream(kafka, tmp_path, BODY)
    stream.train()
    rows = range(50)
    labels = [label(i) for i in rows if not missing(i)]
    refused = [b"{", b'{"event_id": "e-1", "label": "maybe"}']
    late, ghost = label(3, HORIZON + 1), label(-7)
    with services(stream) as finished:
        send(stream, topics.FEATURES, [*(event(stream, i) for i in rows), event(stream, 8), b"{"])
        send(stream, topics.LABELS, [*labels, *refused, ghost])
        stream.await_records(topics.OUTCOMES, 45)
        send(stream, topics.LABELS, [label(1, 9), label(2, 9), label(4, 9, other=True), late])
        finished()
        send(stream, topics.FEATURES, [event(stream, 50), event(stream, 51)])
        send(stream, topics.LABELS, [label(51), label(-8)])
        stream.await_records(topics.OUTCOMES, 52)
    found = verify(stream)
    assert found.report["findings"] == []
    assert (found.code, found.report["holds"], found.report["not_checked"]) == (0, True, {})
    assert found.counts("I1") == {"events": 54, "waiting": 0, "predictions": 53, "dead letters": 1}
    assert found.counts("I2") == {"predictions": 53, "shadows": 0, "outcomes": 52}
    assert found.counts("I3") == {"scored again": 53, "versions": 1}
    assert found.counts("I4 answers") == {"answers": 53, "matched": 46, "expired": 6, "waiting": 1}
    fates = {"matched": 46, "repeats": 2, "conflicts": 1, "late": 1, "orphans": 1, "refused": 2, "waiting": 1}
    assert found.counts("I4 labels") == {**fates, "labels": sum(fates.values())}
    assert found.counts("I4 windows")["compared"] >= 6


def test_a_label_of_a_partition_that_was_left_out_may_be_late(
    kafka: Kafka, tmp_path: Path, verify: Verify
) -> None:
    stream = Stream(kafka, tmp_path, f'limits = {{ idle_after = "300ms" }}\n{BODY}')
    stream.train()
    with services(stream) as finished:
        send(stream, topics.FEATURES, (event(stream, i) for i in range(120)))
        stream.await_records(topics.OUTCOMES, 50)  # which have expired: nobody waits for an idle partition
        send(stream, topics.LABELS, map(label, range(120)))
        finished()
    found = verify(stream)
    assert found.report["findings"] == []
    late = found.counts("I4 labels")["late"]
    assert late >= 50
    assert [n for what, n in found.report["not_checked"].items() if "read too late" in what] == [late]


class Feeding(Thread):
    """A feed under way: a label comes half an hour after its event, or late, and some come twice."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(daemon=True)
        self.enough = Event()
        self._stream = stream
        self._pause = Event()

    def run(self) -> None:
        i = 0
        while not self.enough.is_set():
            chunk = range(i, i := i + 60)
            send(self._stream, topics.FEATURES, (event(self._stream, i) for i in chunk))
            send(self._stream, topics.LABELS, (one for i in chunk for one in labels_by(i)))
            self._pause.wait(0.05)


def labels_by(i: int) -> Iterator[bytes]:
    """The labels that are known when event `i` is."""
    if not missing(i - 30):
        yield label(i - 30, 30)
    if i % 10 == 5:
        yield label(i - 45, 45)
    if i % 10 == 7:
        yield label(i - 45, 45, other=True)
    if missing(i):
        yield label(i - 100, 100)


def test_a_stream_under_way_is_green(kafka: Kafka, tmp_path: Path, verify: Verify) -> None:
    stream = Stream(kafka, tmp_path, BODY)
    stream.train()
    feeding = Feeding(stream)
    with services(stream) as finished:
        feeding.start()
        reports = []
        try:
            for _ in range(4):
                before = len(stream.read(topics.METRICS))
                until(lambda b=before: True if len(stream.read(topics.METRICS)) > b else None, "figures")  # type: ignore[misc]
                reports.append(verify(stream))
        finally:
            feeding.enough.set()
            feeding.join(60)
        finished()
    reports.append(verify(stream))
    assert [found.report["findings"] for found in reports] == [[]] * 5
    assert [found.code for found in reports] == [0] * 5
    answers = [found.counts("I4 answers")["answers"] for found in reports]
    assert answers == sorted(answers)
    assert len(set(answers)) > 2, "the stream went on between audits"
    assert any(
        found.counts("I1")["waiting"] or found.counts("I4 answers")["waiting"] for found in reports[:4]
    )
    assert not reports[-1].counts("I4 answers")["waiting"]
    for fate in ("matched", "repeats", "conflicts", "late"):
        assert reports[-1].counts("I4 labels")[fate], fate
    assert reports[-1].counts("I4 answers")["expired"]
    assert reports[-1].counts("I4 windows")["compared"] > reports[0].counts("I4 windows").get("compared", 0)


def test_bugs_in_the_services_turn_it_red(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verify: Verify
) -> None:
    stream = Stream(kafka, tmp_path, BODY)
    stream.train(seed=1)
    stream.train(seed=2)
    for i, (plant, *_) in enumerate(PLANTED):
        plant(monkeypatch, i)
    with services(stream) as finished:
        send(stream, topics.FEATURES, (event(stream, i) for i in range(20)))
        send(stream, topics.LABELS, map(label, range(20)))
        stream.await_records(topics.OUTCOMES, 19)
        send(stream, topics.LABELS, [label(2, DELAY + 1)])
        finished()
    found = verify(stream)
    assert found.code == 1
    assert f"{stream.settings.name} breaks I2, I3, I4; " in found.said
    for i, (plant, promise, words, topic) in enumerate(PLANTED):
        places = [place(message) for message in stream.read(topic) if is_of(i, message.value())]
        assert places[-1] in found.records(promise, words), plant.__name__
    assert found.events() == {f"e-{i}" for i in range(len(PLANTED))}, "no other event is at fault"


def final_figures(stream: Stream) -> dict[str, bytes]:
    """The final records of `metrics`, by their place."""
    found = {place(message): message.value() or b"" for message in stream.read(topics.METRICS)}
    return {where: value for where, value in found.items() if json.loads(value)["final"]}


def test_a_window_that_closes_early_turns_it_red(
    kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verify: Verify
) -> None:
    stream = Stream(kafka, tmp_path, BODY)
    stream.train()
    monkeypatch.setattr(window_book, "complete", lambda _: True)
    with services(stream):
        send(stream, topics.FEATURES, (event(stream, i) for i in range(50)))
        send(stream, topics.LABELS, (label(i) for i in range(50) if i != 5))
        until(lambda: final_figures(stream) or None, "a final window")
    found = verify(stream)
    assert found.code == 1
    final = {where: json.loads(figures) for where, figures in final_figures(stream).items()}
    early = {where for where, m in final.items() if m["predictions"] > m["labelled"] + m["expired"]}
    assert found.records("I4", "closed early")
    assert set(found.records("I4", "closed early")) <= early


def test_final_figures_do_not_depend_on_the_order_of_labels(kafka: Kafka, tmp_path: Path) -> None:
    streams = [Stream(kafka, tmp_path, BODY) for _ in range(3)]
    for seed, stream in enumerate(streams):
        stream.train()
        send_shuffled(stream, 500, random.Random(seed))
    with ExitStack() as stack:
        for finished in [stack.enter_context(services(stream)) for stream in streams]:
            finished()
    assert [len(stream.read(topics.OUTCOMES)) for stream in streams] == [500] * 3
    first, *others = [sorted(final_figures(stream).values()) for stream in streams]
    assert len(first) == 25 * 3, "a window each 20 minutes, of all events and of two countries"
    assert all(other == first for other in others)


def send_shuffled(stream: Stream, count: int, chance: random.Random) -> None:
    """Events in order, and their labels each at a random moment within the horizon, none with a key."""
    sendings = [(float(i), topics.FEATURES, event(stream, i)) for i in range(count)]
    labelled = [i for i in range(count) if not missing(i)]
    sendings += [(i + chance.uniform(DELAY, HORIZON), topics.LABELS, label(i)) for i in labelled]
    producer = clients.producer(stream.settings.kafka)
    for _, topic, value in sorted(sendings, key=itemgetter(0)):
        producer.produce(stream.topic(topic), value)
        producer.poll(0)
    assert producer.flush(60) == 0
