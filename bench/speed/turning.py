"""Part `decisions`: how long the loop takes from an alarm to its new champion, and to swap versions.

A whole loop, `scoreloop up` with two scorers, under even load in a world that changes; then an operator goes
back and forth between two versions.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from threading import Event
from typing import Any

from soak.load import BODY, Load, label
from speed.figures import Figure
from speed.processes import running
from speed.rig import Rig, Stream

from console.child import program
from events import topics
from events.records import Decision, Drift, Roles, Worker
from events.settings import load
from transport import topics as made
from transport.reading import read_to_end

RATE = 500
CHANGE_SECONDS = 40.0
ALARMS, SWAPS = 2, 4
WORKERS = 2
FIRST_ROWS = 1_000
_PATIENCE_SECONDS = 180.0
_LOOK_SECONDS = 0.5
_AROUND_MS = (500, 2_000)
"""Before and after a swap's roles: where its gap is looked for."""
MOST_GAP_MS, MOST_ROLLBACK_MS = 100.0, 1_000.0


def figures(rig: Rig) -> Iterator[Figure]:
    """Times by the brokers' and producers' clocks, which are this machine's."""
    stream = _stream(rig)
    end = Event()
    load_ = Load(stream.settings, RATE, 1, CHANGE_SECONDS, end)
    with running("up", stream.path, "--workers", str(WORKERS), log=rig.folder / "up.log"):
        try:
            load_.start()
            _until(lambda: len(_promotions(stream)) >= ALARMS, "an alarm's promotion")
            waits = list(_promotions(stream).values())
            for _ in range(SWAPS // 2):
                _back_and_forth(stream)
            time.sleep(_AROUND_MS[1] / 1_000)
        finally:
            end.set()
            load_.join()
        epochs = {roles.decision_id: (roles.epoch, ts) for roles, ts in _read(stream, topics.MODELS, _roles)}
        decided = _read(stream, topics.CONTROL, Decision.model_validate_json)
        began = {d.decision_id: ts for d, ts in decided if d.requested_by == "operator"}
        swaps = [d for d in began if d in epochs][-SWAPS:]
        heard = _acknowledged(stream)
    if len(swaps) < SWAPS or load_.failure is not None:
        raise RuntimeError(f"{len(swaps)} of {SWAPS} swaps were done; {load_.failure}")
    served = sorted(ts for _, ts in _read(stream, topics.PREDICTIONS, bytes))
    yield Figure("alarm to promotion", "ms", waits)
    yield Figure(
        "operator's decision until every scorer has acknowledged", "ms",
        [max(ts for epoch, ts in heard if epoch == epochs[d][0]) - began[d] for d in swaps],
        at_most=MOST_ROLLBACK_MS,
    )  # fmt: skip
    yield Figure(
        "longest gap between predictions at a swap", "ms", [_gap(served, epochs[d][1]) for d in swaps],
        at_most=MOST_GAP_MS,
    )  # fmt: skip


def _stream(rig: Rig) -> Stream:
    folder = rig.folder / "turning"
    folder.mkdir()
    path, rows = folder / "stream.toml", folder / "rows.csv"
    path.write_text(f'name = "turning"\n{BODY}[kafka]\nbootstrap_servers = "{rig.servers}"\n')
    points = [(i * 0.37 % 2 - 1, i * 0.61 % 2 - 1) for i in range(FIRST_ROWS)]
    rows.write_text("x,y,label\n" + "".join(f"{x},{y},{label(x, changed=False)}\n" for x, y in points))
    stream = Stream(load(path), path)
    made.create(stream.settings)
    stream.stamp(topics.PREDICTIONS)
    command = [*program(), "train", str(path), "--csv", str(rows)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return stream


def _back_and_forth(stream: Stream) -> None:
    """Roll back, and promote again what was left."""
    champion = _read(stream, topics.MODELS, _roles)[-1][0].champion
    for command in (["rollback"], ["promote", "--version", str(champion)]):
        name, *more = command
        asked = [*program(), name, str(stream.path), *more, "--reason", "bench"]
        subprocess.run(asked, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(_AROUND_MS[1] / 1_000)


def _promotions(stream: Stream) -> dict[str, float]:
    """Alarm → milliseconds until the champion that came of it."""
    rung = {
        d.alarm_id: ts
        for d, ts in _read(stream, topics.DRIFT, Drift.model_validate_json)
        if d.kind == "error"
    }
    asked = {
        d.decision_id: d.alarm_id for d, _ in _read(stream, topics.CONTROL, Decision.model_validate_json)
    }
    found: dict[str, float] = {}
    for roles, ts in _read(stream, topics.MODELS, _roles):
        alarm = asked.get(roles.decision_id)
        if alarm is not None and alarm in rung:
            found.setdefault(alarm, ts - rung[alarm])
    return found


def _roles(value: bytes) -> Roles:
    return Roles.model_validate_json(value)


def _acknowledged(stream: Stream) -> list[tuple[int, int]]:
    """The epochs that scorers said they serve, and when each first did."""
    first: dict[tuple[str, int], int] = {}
    for worker, ts in _read(stream, topics.WORKERS, Worker.model_validate_json):
        first.setdefault((worker.worker, worker.epoch), ts)
    return [(epoch, ts) for (_, epoch), ts in first.items()]


def _read(stream: Stream, topic: topics.Topic, made_of: Callable[[bytes], Any]) -> list[tuple[Any, int]]:
    """Each record with its Kafka timestamp; of `models` the roles alone."""
    return [
        (made_of(message.value() or b""), message.timestamp()[1])
        for message in read_to_end(stream.settings.kafka, topic.of(stream.settings.name))
        if message.value() and (topic is not topics.MODELS or (message.key() or b"").startswith(b"roles/"))
    ]


def _gap(times: list[int], around: int) -> float:
    before, after = _AROUND_MS
    near = [ts for ts in times if around - before <= ts <= around + after]
    return float(max(b - a for a, b in pairwise(near)))


def _until(found: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not found():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not come in {_PATIENCE_SECONDS:.0f} s")
        time.sleep(_LOOK_SECONDS)
