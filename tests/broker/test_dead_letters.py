"""`scoreloop dead-letters` on a real Kafka: what is shown, and that a letter is sent back once."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from samples import Record
from streams import CLASSES, Stream

from console.dead_letters import dead_letters
from events import topics
from events.dead_letters import dead_letter
from events.outputs import Outputs
from events.refusals import Reason, RefusalError
from events.settings import Kafka
from producers import replay
from transport.transaction import ProducerLostError, TransactionalProducer


@pytest.fixture
def stream(kafka: Kafka, tmp_path: Path) -> Stream:
    return Stream(kafka, tmp_path)


def call(stream: Stream, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(dead_letters, [command, str(stream.path), *arguments])


def refused(
    stream: Stream, reason: Reason, *values: bytes | None, of: topics.Topic = topics.FEATURES
) -> None:
    """Dead letters, as a service would have written them."""
    writer = TransactionalProducer(stream.settings.kafka, f"{stream.settings.name}.letters")
    for at, value in enumerate(values):
        record = Record(value, at=at, part=at % 3, of=stream.topic(of), name=b"k%d" % at)
        letter = dead_letter(stream.topic(topics.DEAD_LETTERS), record, RefusalError(reason, "a test"))
        writer.commit(Outputs(single=[letter]))
    writer.close()


def sent(
    stream: Stream, topic: topics.Topic = topics.FEATURES
) -> list[tuple[int, bytes | None, bytes | None]]:
    return sorted((m.partition(), m.key(), m.value()) for m in stream.read(topic))  # type: ignore[type-var]


def test_after_a_fix_letters_are_sent_back_byte_for_byte_and_once(kafka: Kafka, tmp_path: Path) -> None:
    narrow = Stream(kafka, tmp_path, CLASSES.replace('["NO", "SE"]', '["NO"]'))
    narrow.train()
    values = [narrow.event(i, features={"amount": 1, "country": "SE" if i % 2 else "NO"}) for i in range(20)]
    narrow.send(values, key=b"source key")
    with narrow.scorer():
        narrow.await_messages(topics.DEAD_LETTERS, 10)
        narrow.await_records(topics.PREDICTIONS, 10)
    listed = call(narrow, "list", "--last", "1").output
    assert "10 features unknown-category" in listed
    letter = narrow.read(topics.DEAD_LETTERS)[3]
    place = f"{letter.partition()}-{letter.offset()}"
    shown = json.loads(call(narrow, "show", place, "--json").output)
    assert (shown["value"], shown["key"]) == ((letter.value() or b"").decode(), "source key")
    assert (shown["reason"], shown["replayed"]) == ("unknown-category", False)
    assert call(narrow, "replay", "--id", place, "--yes").output.endswith("1 sent back\n")
    everything = call(narrow, "replay", "--reason", "unknown-category", "--topic", "features", "--yes")
    assert "1 left out: sent back before" in everything.output
    assert everything.output.endswith("9 sent back\n")
    assert "nothing to send back" in call(narrow, "replay", "--all", "--yes").output
    records = narrow.read(topics.FEATURES)
    again = [record for record in records if record.headers()]
    places = {record_headers(record)["replayed_from"].decode() for record in again}
    topic = narrow.topic(topics.DEAD_LETTERS)
    letters = {f"{topic}-{m.partition()}-{m.offset()}": m for m in narrow.read(topics.DEAD_LETTERS)}
    assert places == set(letters)
    for record in again:
        one = letters[record_headers(record)["replayed_from"].decode()]
        source = record_headers(one)["source"].decode().rsplit("-", 2)
        assert (record.key(), record.value(), record.partition()) == (one.key(), one.value(), int(source[1]))
    assert "[replayed]" in call(narrow, "list").output
    assert json.loads(call(narrow, "show", place, "--json").output)["replayed"] is True


def record_headers(record: Any) -> dict[str, bytes]:
    return dict(record.headers())


@pytest.mark.parametrize("committed", [True, False], ids=["and was committed", "and was not"])
def test_a_replay_whose_end_is_unknown_is_called_again_and_sends_the_rest(
    stream: Stream,
    monkeypatch: pytest.MonkeyPatch,
    committed: bool,  # noqa: FBT001 (a parameter of the test's)
) -> None:
    refused(stream, Reason.NOT_JSON, *(b"%d" % i for i in range(9)))
    monkeypatch.setattr(replay, "MOST_LETTERS", 3)
    real = TransactionalProducer.commit
    calls: list[int] = []

    def commit(self: TransactionalProducer, *given: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            if committed:
                real(self, *given)
            raise ProducerLostError("the broker is gone")
        real(self, *given)

    monkeypatch.setattr(TransactionalProducer, "commit", commit)
    failed = call(stream, "replay", "--all", "--yes")
    assert "the replay ended after 3 letters (the broker is gone); call it again" in str(failed.exception)
    assert call(stream, "replay", "--all", "--yes").exit_code == 0
    assert sent(stream) == sorted((i % 3, b"k%d" % i, b"%d" % i) for i in range(9))


def test_of_two_replays_at_once_one_ends_and_nothing_is_sent_twice(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(stream, Reason.NOT_JSON, *(b"%d" % i for i in range(4)))
    monkeypatch.setattr(replay, "MOST_LETTERS", 2)
    real, turns = replay._outputs, [0]  # noqa: SLF001 (between a group's choice and its commit)

    def beside(*given: Any) -> Outputs:
        turns[0] += 1
        if turns[0] == 1:
            assert replay.replay(stream.settings, lambda _: True, "the other") == 4
        return real(*given)

    monkeypatch.setattr(replay, "_outputs", beside)
    ended = call(stream, "replay", "--all", "--yes")
    assert "none is sent twice" in str(ended.exception)
    assert len(sent(stream)) == 4


def test_what_cannot_be_sent_back_is_said_and_left(stream: Stream) -> None:
    refused(stream, Reason.TOO_LARGE, b"x" * 17 * 1024 * 1024)
    refused(stream, Reason.WRONG_TYPE, b"{}", of=topics.PREDICTIONS)
    refused(stream, Reason.ORPHAN_LABEL, b"\xff\x00", of=topics.LABELS)
    done = call(stream, "replay", "--all", "--yes").output
    assert "1 left out: its value was too large to be kept" in done
    assert "1 left out: it is no record of features or labels" in done
    assert "an orphan finds its prediction only if that has come since" in done
    assert done.endswith("1 sent back\n")
    assert sent(stream, topics.LABELS) == [(0, b"k0", b"\xff\x00")]
    place = next(
        f"{m.partition()}-{m.offset()}" for m in stream.read(topics.DEAD_LETTERS) if m.value() == b"\xff\x00"
    )
    assert "hex ff 00" in call(stream, "show", place).output
    counts = json.loads(call(stream, "list", "--since", "1h", "--json").output)["counts"]
    assert {(c["topic"], c["reason"]): c["count"] for c in counts}[("labels", "orphan-label")] == 1


@pytest.mark.parametrize(
    ("command", "arguments", "code", "words"),
    [
        ("replay", [], 2, "say which"),
        ("show", ["0-99"], 1, "there is no dead letter 0-99"),
        ("show", ["first"], 2, "give partition and offset"),
        ("list", ["--reason", "ugly"], 2, "ugly"),
        ("list", [], 0, "no dead letters"),
    ],
    ids=str,
)
def test_what_is_called_wrongly_is_one_sentence(
    stream: Stream, command: str, arguments: list[str], code: int, words: str
) -> None:
    result = call(stream, command, *arguments)
    assert result.exit_code == code
    assert words in f"{result.output}{result.exception}"


def test_without_a_yes_nothing_is_sent(stream: Stream) -> None:
    refused(stream, Reason.NOT_JSON, b"1")
    assert call(stream, "replay", "--all").exit_code == 1
    assert sent(stream) == []
