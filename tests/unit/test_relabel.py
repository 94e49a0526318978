"""`internal.labels`: a label with what was made of it, and the record that it came in."""

import json
from typing import Any

import msgspec
import pytest
from samples import Record, settings

from consumers.join.relabel import Relabel, known
from events.outputs import Outputs
from verify.sources import Filed

CLASSES = [True, 1, 1.0, "one"]


def relabelled(values: list[Any]) -> tuple[Relabel, Outputs]:
    relabel, outputs = Relabel(settings(labels={"classes": CLASSES})), Outputs()
    relabel.report.begin({3: 0})
    of = "payments.labels"
    records = [Record(json.dumps(v).encode(), i, 3, 500, of=of) for i, v in enumerate(values)]
    relabel({3: records}, {}, 0, outputs)
    return relabel, outputs


@pytest.mark.parametrize("label", CLASSES, ids=repr)
def test_a_label_keeps_its_type_its_time_and_its_record(label: Any) -> None:
    source = {"event_id": "a", "label": label, "ts": 400}
    _, outputs = relabelled([source])
    (sent,) = outputs.many["payments.internal.labels"]
    assert sent["key"] == b"a"
    found = known(sent["value"] or b"")
    assert (type(found.label), found.label, found.ts) == (type(label), label, 400)
    record = (3, 0, 500, b"key", json.dumps(source).encode())
    assert msgspec.structs.astuple(found)[:5] == record
    filed = msgspec.msgpack.decode(sent["value"] or b"", type=Filed)
    assert msgspec.structs.astuple(filed) == record, "what verify reads"


def test_progress_is_the_largest_time_of_valid_labels_and_each_is_counted() -> None:
    made = [{"event_id": "a", "label": 1, "ts": 300}, {"event_id": "b", "label": 1}, {"label": 1, "ts": 900}]
    relabel, outputs = relabelled(made)
    assert (relabel.read, relabel.refused) == (3, 1)
    assert [known(m["value"] or b"").ts for m in outputs.many["payments.internal.labels"]] == [300, 500]
    (told,) = outputs.many["payments.internal.sources"]
    assert {k: v for k, v in json.loads(told["value"] or b"").items() if k != "idle"} == {
        "ts": 500,
        "next": 3,
    }
    assert [letter.topic for letter in outputs.single] == ["payments.dead-letters"]
