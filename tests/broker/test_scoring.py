"""The scorer on a real Kafka: what each record ends as, and who answers."""

import hashlib
import json
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
from streams import CLASSES, Stream

from consumers.roles import ModelsView
from consumers.serving import load
from events import topics
from events.dead_letters import octets
from events.records import Canary, Prediction, Roles
from events.settings import Kafka
from events.signatures import Trust
from models.registry import Registry
from models.routing import goes_to_canary
from transport.clients import admin

BAD: list[tuple[bytes | None, str]] = [
    (None, "not-json"),
    (b"", "not-json"),
    (b"{", "not-json"),
    (b"\xff\xfe{}", "not-utf8"),
    (b"[1]", "not-an-object"),
    (b'{"event_id": "x"}', "missing-field"),
    (b'{"event_id": "x", "features": {"country": "NO"}}', "missing-field"),
    (b'{"event_id": "x", "features": {"amount": "1"}}', "wrong-type"),
    (b'{"event_id": "x", "features": {"amount": true}}', "wrong-type"),
    (b'{"event_id": "x", "features": {"amount": NaN}}', "not-finite"),
    (b'{"event_id": "x", "features": {"amount": 1e999}}', "not-finite"),
    (b'{"event_id": "x", "features": {"amount": 1, "country": "DK"}}', "unknown-category"),
    (b'{"event_id": "a b", "features": {"amount": 1}}', "bad-event-id"),
    (b'{"event_id": "x", "ts": 99999999999999, "features": {"amount": 1}}', "future-ts"),
    (b'{"event_id": "x", "features": {"amount": 1}, "note": "' + b"x" * 70_000 + b'"}', "too-large"),
]


def headers(message: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in message.headers()}


def test_each_record_ends_as_one_prediction_or_one_dead_letter(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    good = [stream.event(i) for i in range(300)]
    bad = [value for value, _ in BAD]
    mixed = [value for pair in zip_longest(good, bad, fillvalue=good[0]) for value in pair][: len(bad) * 2]
    stream.send([*mixed, *good[len(bad) :]], key=b"source key")
    with stream.scorer():
        predictions = stream.await_records(topics.PREDICTIONS, len(good))
        stream.await_messages(topics.DEAD_LETTERS, len(BAD))
    assert len(stream.records(topics.PREDICTIONS)) == len(good)
    sources = {f"{m.partition()}-{m.offset()}": m for m in stream.read(topics.FEATURES)}
    for prediction in predictions:
        Prediction.model_validate(prediction)
        event = json.loads(octets(sources[prediction["prediction_id"]].value()) or b"")
        assert (prediction["event_id"], prediction["ts"]) == (event["event_id"], event["ts"])
        assert prediction["features"] == event["features"]
        assert set(prediction["probabilities"]) == {"fraud", "ok"}
        assert (prediction["model_version"], prediction["role"]) == (1, "champion")
    letters = stream.read(topics.DEAD_LETTERS)
    assert sorted(headers(m)["reason"] for m in letters) == sorted(reason for _, reason in BAD)
    for letter in letters:
        source = sources[headers(letter)["source"].removeprefix(f"{stream.topic(topics.FEATURES)}-")]
        assert (letter.value(), letter.key()) == (source.value(), source.key())
        assert headers(letter)["source_ts"] == str(source.timestamp()[1])
        assert headers(letter)["detail"]
    refused = {headers(m)["source"].removeprefix(f"{stream.topic(topics.FEATURES)}-") for m in letters}
    assert refused | {p["prediction_id"] for p in predictions} == set(sources)
    assert not refused & {p["prediction_id"] for p in predictions}


def test_predictions_are_keyed_by_event_id(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    stream.send(stream.event(i % 10) for i in range(100))
    with stream.scorer():
        stream.await_records(topics.PREDICTIONS, 100)
    partitions: dict[bytes | None, set[int | None]] = {}
    for message in stream.read(topics.PREDICTIONS):
        partitions.setdefault(octets(message.key()), set()).add(message.partition())
    assert set(partitions) == {f"e-{i}".encode() for i in range(10)}
    assert all(len(found) == 1 for found in partitions.values())


def test_a_record_too_large_for_dead_letters_leaves_its_hash(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    huge = b'{"note": "' + b"x" * 17_000_000 + b'"}'
    admin_config = {"max.message.bytes": str(20_000_000)}
    set_config(stream, topics.FEATURES, admin_config)
    stream.send([huge, stream.event(1)])
    with stream.scorer():
        stream.await_messages(topics.DEAD_LETTERS, 1)
        stream.await_records(topics.PREDICTIONS, 1)
    (letter,) = stream.read(topics.DEAD_LETTERS)
    assert letter.value() is None
    assert headers(letter)["reason"] == "too-large"
    assert headers(letter)["sha256"] == hashlib.sha256(huge).hexdigest()


def set_config(stream: Stream, topic: topics.Topic, config: dict[str, str]) -> None:
    client = admin(stream.settings.kafka)
    entries = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in config.items()]
    resource = ConfigResource(ConfigResource.Type.TOPIC, stream.topic(topic), incremental_configs=entries)
    client.incremental_alter_configs([resource])[resource].result(30)


def test_after_a_swap_each_answer_is_still_its_version_s_own(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train(seed=1)
    with stream.scorer():
        stream.send(stream.event(i) for i in range(500))
        stream.await_records(topics.PREDICTIONS, 500)
        stream.train(seed=2)
        stream.await_worker(lambda worker: worker.champion == 2)
        stream.send(stream.event(i) for i in range(500, 1000))
        predictions = stream.await_records(topics.PREDICTIONS, 1000)
    assert {p["model_version"] for p in predictions if int(p["event_id"][2:]) >= 500} == {2}
    assert {p["model_version"] for p in predictions if int(p["event_id"][2:]) < 500} == {1}
    assert replayed(stream, predictions) == [(p["prediction"], p["probabilities"]) for p in predictions]


def replayed(stream: Stream, predictions: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    """What each prediction's version answers when it is asked alone, in a batch of one."""
    view = ModelsView(Trust(stream.settings))
    for message in stream.read(topics.MODELS):
        view.take(octets(message.key()), octets(message.value()))
    everyone = Roles(epoch=1, ts=0, champion=1, shadows=tuple(view.manifests), decision_id="replay")
    serving = load(everyone, view, Registry(stream.settings.registry.url), stream.settings, None)
    names = list(stream.settings.features)
    return [
        tuple(*serving.versions[p["model_version"]].answers([tuple(p["features"][name] for name in names)]))
        for p in predictions
    ]


def test_a_canary_serves_its_share_and_shadows_answer_everything(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    for seed in (1, 2, 3):
        stream.train(seed=seed)
    canary = Canary(version=2, share=0.3)
    stream.put(
        b"roles", Roles(epoch=9, ts=0, champion=1, canary=canary, shadows=(3,), decision_id="d").encoded()
    )
    stream.send(stream.event(i) for i in range(400))
    with stream.scorer():
        predictions = stream.await_records(topics.PREDICTIONS, 400)
        shadows = stream.await_records(topics.SHADOWS, 400)
    for prediction in predictions:
        expected = (2, "canary") if goes_to_canary(prediction["event_id"], canary) else (1, "champion")
        assert (prediction["model_version"], prediction["role"]) == expected
    assert {(s["model_version"], s["role"]) for s in shadows} == {(3, "shadow")}
    assert {s["prediction_id"] for s in shadows} == {p["prediction_id"] for p in predictions}


ARRAYS = """
[features]
x = "number"
n = { type = "integer", nullable = true }
flag = "boolean"
history = { type = "number", shape = [3] }
"""


@pytest.mark.parametrize(
    ("task", "body", "keys"),
    [
        ("regression", ARRAYS, None),
        ("classification", ARRAYS + '[labels]\nclasses = ["a", 1, true, 2.5]\n', ["a", "1", "true", "2.5"]),
        ("classification", ARRAYS + "[labels]\nclasses = [false, true]\n", ["false", "true"]),
    ],
    ids=["regression", "four classes of four types", "booleans"],
)
def test_each_task(kafka: Kafka, tmp_path: Path, task: str, body: str, keys: list[str] | None) -> None:
    stream = Stream(kafka, tmp_path, body, task)
    stream.train()
    stream.send(stream.event(i) for i in range(50))
    with stream.scorer():
        predictions = stream.await_records(topics.PREDICTIONS, 50)
    for prediction in predictions:
        Prediction.model_validate(prediction)
        if keys is None:
            assert "probabilities" not in prediction
            assert isinstance(prediction["prediction"], float)
        else:
            assert list(prediction["probabilities"]) == keys
            assert abs(sum(prediction["probabilities"].values()) - 1) < 1e-9
            best = max(prediction["probabilities"], key=prediction["probabilities"].__getitem__)
            assert prediction["prediction"] == json.loads(best if best != "a" else '"a"')


def test_nothing_is_read_before_there_is_a_version(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path, CLASSES)
    stream.send(stream.event(i) for i in range(10))
    with stream.scorer():
        waiting = stream.await_worker(lambda worker: worker.error is not None)
        assert waiting.epoch is None
        assert "scoreloop train" in (waiting.error or "")
        stream.train()
        assert len(stream.await_records(topics.PREDICTIONS, 10)) == 10
    assert stream.worker() is None, "a clean stop leaves a tombstone"
