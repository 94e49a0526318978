"""Streams with outcomes to retrain on, decisions put to a trainer, and what became of them."""

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import skops.io
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from streams import CLASSES, Stream, until
from trainings import decision

from events import topics
from events.internal import Process
from events.records import Decision, DecisionResult, Manifest, Roles
from events.settings import Kafka
from events.signatures import Trust
from models.frame import frame
from verify.decisions import check_decisions
from verify.history import History
from verify.report import Findings

QUICK = 'training.families = ["linear"]\n' + CLASSES
START = 1_700_000_000_000
CHANGE = START + 300
EVENTS = 560


def outcome(i: int, **fields: Any) -> bytes:
    """An event of version 1's, labelled as it learned up to the change, and the other way round from then."""
    country = ("SE", "NO")[i % 2]
    answer = ("fraud", "ok")[i % 2]
    label = answer if START + i < CHANGE else ("ok", "fraud")[i % 2]
    return json.dumps(
        {
            "event_id": f"e-{i}", "prediction_id": f"0-{i}", "ts": START + i, "scored_ts": START + i,
            "model_version": 1, "role": "champion", "prediction": answer,
            "probabilities": {"fraud": 0.5, "ok": 0.5},
            "features": {"amount": random.Random(i).gauss(0, 1), "country": country}, "label": label,
            "label_ts": START + i, "loss": float(label != answer), "status": "matched", **fields,
        }
    ).encode()  # fmt: skip


def lived(kafka: Kafka, folder: Path, body: str = QUICK) -> Stream:
    """A stream with a champion that was right until the change, and the outcomes that say so."""
    stream = Stream(kafka, folder, body)
    stream.train()
    stream.send((outcome(i) for i in range(EVENTS)), topics.OUTCOMES)
    return stream


def theirs(stream: Stream, path: Path, *, right: bool) -> Path:
    """A model that somebody has trained on what came after the change, or on the contrary."""
    events = [json.loads(outcome(i)) for i in range(EVENTS) if (START + i >= CHANGE) == right]
    rows = [tuple(event["features"].values()) for event in events]
    model = make_pipeline(make_column_transformer((OneHotEncoder(), ["country"])), LogisticRegression())
    model.fit(frame(stream.settings.features, rows), [event["label"] for event in events])
    path.write_bytes(skops.io.dumps(model))
    return path


def asked(stream: Stream, action: str, decision_id: str, **fields: Any) -> Decision:
    made = decision(action, decision_id, **fields)
    stream.send([made.encoded()], topics.CONTROL, decision_id.encode())
    return made


def alarmed(stream: Stream, decision_id: str) -> Decision:
    """The monitor's retrain, after the change."""
    return asked(
        stream,
        "retrain",
        decision_id,
        requested_by="monitor",
        model_version=1,
        evidence={"change_ts": CHANGE},
    )


def found(stream: Stream, key: str) -> bytes | None:
    values = [message.value() for message in stream.read(topics.MODELS) if message.key() == key.encode()]
    return values[-1] if values else None


def result(stream: Stream, decision_id: str) -> DecisionResult:
    value = until(lambda: found(stream, f"decision/{decision_id}"), f"the end of {decision_id}")
    return DecisionResult.model_validate_json(value)


def roles(stream: Stream) -> Roles:
    return Roles.model_validate_json(found(stream, "roles") or b"")


def manifest(stream: Stream, version: int) -> Manifest:
    return Manifest.model_validate_json(found(stream, f"version/{version}") or b"")


def detail(stream: Stream, slot: int = 0) -> str:
    """What a slot said last of what it does."""
    said = [m.value() for m in stream.read(topics.SERVICES) if m.key() == f"trainer-{slot}".encode()]
    record = Process.found(said[-1] or b"") if said else None
    return "" if record is None else record.detail or ""


def await_detail(stream: Stream, beginning: str, slot: int = 0) -> None:
    until(lambda: detail(stream, slot).startswith(beginning) or None, f"trainer-{slot}: {beginning}")


def check(stream: Stream, epochs: int, ended: dict[str, str]) -> None:
    """Each decision has ended as it must, once, and every epoch has its one."""
    written = stream.read(topics.MODELS)
    counts = Counter((m.key() or b"").decode() for m in written if m.key() != topics.ROLES_KEY)
    assert set(counts.values()) == {1}, counts
    assert [key for key in counts if key.startswith("roles/")] == [f"roles/{i + 1}" for i in range(epochs)]
    assert {name: result(stream, name).status for name in ended} == ended
    findings = Findings(stream.settings.name)
    check_decisions(History(written, findings, Trust(stream.settings)), findings, lambda _: None)
    assert findings.report(0).findings == []
