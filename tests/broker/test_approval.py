"""A promotion waits for `scoreloop approve` on a real Kafka, over a killed trainer, and people are told."""

import json
from pathlib import Path
from typing import Any

from deciding import QUICK, alarmed, await_detail, check, found, lived, result, roles
from streams import Stream, until

from events import topics
from events.settings import Kafka

MANUAL = 'decisions.approval = "manual"\n'
WAITS = "waiting for decisions; version 2 waits for approval"


def run(stream: Stream, *arguments: str, code: int = 0) -> str:
    with stream.command(arguments[0], stream.path.name, *arguments[1:]) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert "Traceback" not in output
    return output


def status(stream: Stream) -> Any:
    return json.loads(run(stream, "status", "--json"))["pending"]


def test_a_retrained_version_waits_for_approve(kafka: Kafka, tmp_path: Path) -> None:
    stream = lived(kafka, tmp_path, MANUAL + QUICK)
    assert run(stream, "approve", code=1).endswith("scoreloop: nothing waits for approval\n")
    with stream.command("trainer", stream.path.name) as first:
        alarmed(stream, "r-1")
        until(lambda: found(stream, "version/2"), "the version, registered")
        first.kill()
        first.wait()
    assert (roles(stream).champion, roles(stream).epoch) == (1, 1)
    pending = status(stream)
    assert (pending["decision_id"], pending["version"], pending["champion"]) == ("r-1", 2, 1)
    assert pending["why"] == "error 0 against the champion's 1 on the newest 65 labelled events"
    assert "version 2 waits for approval (r-1, asked for" in run(stream, "status")
    with stream.command("trainer", stream.path.name) as second:
        await_detail(stream, WAITS)
        refused = run(stream, "approve", "r-9", code=1)
        assert refused.endswith("r-9: no such decision waits; r-1 waits for approval\n")
        approved = run(stream, "approve", "r-1", "--reason", "looked at it")
        assert "done: version 2 promoted in place of version 1: looked at it (epoch 2)" in approved
        assert second.poll() is None
        settled = run(stream, "approve", "r-1", code=1)
    assert "r-1: it is settled (done: version 2 was promoted by decision " in settled
    assert (roles(stream).champion, roles(stream).previous) == (2, (1,))
    [made] = [one for one in stream.records(topics.CONTROL) if one["requested_by"] == "operator"]
    assert (made["action"], made["target_version"], made["reason"]) == ("promote", 2, "looked at it")
    until(lambda: status(stream) is None or None, "nothing to wait")
    check(stream, 2, {"r-1": "done", made["decision_id"]: "done"})
    assert result(stream, "r-1").reason.endswith("on the newest 65 labelled events")
