"""Who serves, on a real Kafka: what a scorer refuses, what it falls back to, and who has a slot."""

import json
from pathlib import Path

from streams import Stream, until

from consumers.loop import ReplacedError
from events import topics
from events.records import Roles
from events.settings import Kafka
from events.signatures import Signer


def roles(epoch: int, champion: int) -> bytes:
    return Roles(epoch=epoch, ts=0, champion=champion, decision_id=f"d-{epoch}").encoded()


def served_by(stream: Stream, event: int) -> int:
    stream.send([stream.event(event)])
    found = until(
        lambda: next((p for p in stream.records(topics.PREDICTIONS) if p["event_id"] == f"e-{event}"), None),
        f"the prediction of event {event}",
    )
    return int(found["model_version"])


def test_roles_that_are_not_valid_are_refused_and_the_champion_goes_on(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train(seed=1)
    stream.train(seed=2)
    with stream.scorer():
        stream.await_worker(lambda worker: worker.epoch == 2 and worker.champion == 2)
        refused = [
            (roles(1, 1), "epoch 1 came after epoch 2"),
            (roles(2, 1), "epoch 2 came after epoch 2"),
            (b"{", "roles cannot be read"),
            (roles(3, 9), "version 9, of which models has no manifest"),
        ]
        for i, (value, sentence) in enumerate(refused):
            stream.put(b"roles", value)
            worker = stream.await_worker(lambda w, sentence=sentence: sentence in (w.error or ""))
            assert (worker.epoch, worker.champion) == (2, 2)
            assert served_by(stream, i) == 2
        stream.put(b"roles", roles(4, 1))
        stream.await_worker(lambda w: w.epoch == 4 and w.champion == 1 and w.error is None)
        assert served_by(stream, 99) == 1


def test_an_artefact_that_does_not_match_its_hash_is_not_loaded(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train(seed=1)
    artefacts = tmp_path / stream.settings.registry.url / "artifacts"
    before = set(artefacts.iterdir())
    with stream.scorer():
        stream.await_worker(lambda worker: worker.champion == 1)
        stream.train(seed=2)
        stream.await_worker(lambda worker: worker.champion == 2)
        (second,) = set(artefacts.iterdir()) - before
    second.write_bytes(second.read_bytes()[:-1] + b"x")
    with stream.scorer():
        worker = stream.await_worker(lambda w: w.error is not None and w.epoch is not None)
        assert worker.champion == 1, "the newest valid roles/<epoch>"
        assert second.name[:12] in (worker.error or "")
        assert served_by(stream, 1) == 1


def test_a_scorer_that_finds_roles_invalid_takes_the_newest_valid_of_the_past(
    kafka: Kafka, tmp_path: Path
) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train(seed=1)
    stream.train(seed=2)
    stream.put(b"roles", b'{"epoch": "many"}')
    with stream.scorer():
        worker = stream.await_worker(lambda w: w.champion == 2)
        assert worker.epoch == 2
        assert "roles cannot be read" in (worker.error or "")


def test_a_newer_process_takes_a_slot_over_and_the_older_ends(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train()
    with stream.scorer() as older:
        assert served_by(stream, 1) == 1
        first = stream.await_worker(lambda w: w.epoch == 1).process
        with stream.scorer() as newer:
            stream.await_worker(lambda w: w.epoch == 1 and w.process != first)
            assert served_by(stream, 2) == 1
            until(lambda: older or None, "the older to end")
            assert isinstance(older[0], ReplacedError)
            assert not newer
            assert served_by(stream, 3) == 1
            assert stream.worker() is not None, "the older leaves the newer's record alone"
    assert len(stream.records(topics.PREDICTIONS)) == 3


def test_scorers_with_public_keys_follow_nothing_else(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    unkeyed, signer = stream.settings, Signer.new(stream.settings.name)
    (tmp_path / "key.pem").write_bytes(signer[1])
    registry = {"signing_key": str(tmp_path / "key.pem"), "public_keys": (signer[0].public_key,)}
    stream.settings = unkeyed.model_copy(update={"registry": unkeyed.registry.model_copy(update=registry)})
    stream.train(seed=1)
    stream.train(seed=2)
    first, second = (stream.read(topics.MODELS)[i].value() or b"" for i in (3, 7))
    champion = json.loads(second)
    forged = Signer.new(unkeyed.name)[0](Roles(epoch=9, ts=0, champion=1, decision_id="d"))
    with stream.scorer():
        stream.await_worker(lambda worker: worker.epoch == 2)
        refused = {
            "tampered": (json.dumps({**champion, "epoch": 3, "champion": 1}).encode(), "none of"),
            "unsigned": (roles(3, 1), "not signed"),
            "forged": (forged.encoded(), "none of"),
            "replayed": (first, "epoch 1 came after epoch 2"),
        }
        for i, (value, sentence) in enumerate(refused.values()):
            stream.put(b"roles", value)
            worker = stream.await_worker(lambda w, sentence=sentence: sentence in (w.error or ""))
            assert (worker.epoch, worker.champion) == (2, 2)
            assert served_by(stream, i) == 2
    stream.put(b"roles/9", forged.encoded())
    stream.put(b"roles", forged.encoded())
    with stream.scorer():
        worker = stream.await_worker(lambda w: w.epoch is not None)
        assert (worker.epoch, worker.champion) == (2, 2), "the newest valid roles/<epoch>"
        assert "none of" in (worker.error or "")
        assert served_by(stream, 99) == 2


def test_a_version_that_answers_its_golden_rows_otherwise_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    stream = Stream(kafka, tmp_path)
    stream.train(seed=1)
    made = json.loads(stream.read(topics.MODELS)[0].value() or b"")
    first, *others = made["golden"]
    turned = {**first, "probabilities": dict(zip(first["probabilities"], (0.5, 0.5), strict=True))}
    with stream.scorer():
        stream.await_worker(lambda worker: worker.champion == 1 and worker.error is None)
        stream.put(b"version/2", json.dumps({**made, "version": 2, "golden": [turned, *others]}).encode())
        stream.put(b"roles", roles(2, 2))
        worker = stream.await_worker(lambda w: w.error is not None)
        assert "version 2 answers 1 of its manifest's 8 golden rows otherwise" in (worker.error or "")
        assert (worker.epoch, worker.champion) == (1, 1)
        assert served_by(stream, 1) == 1
        stream.put(b"version/3", json.dumps({**made, "version": 3}).encode())
        stream.put(b"roles", roles(3, 3))
        stream.await_worker(lambda w: w.champion == 3 and w.error is None)
