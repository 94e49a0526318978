"""The trainer killed at every step, its training killed, a full disk, spoilt artefacts, old roles."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deciding import asked, manifest, result, roles
from faults.fleet import Service
from faults.launcher import Fault
from faults.points import TRAINING
from faults.rig import Rig
from faults.scene import ONE_EACH, Scene
from faults.table import Row, row
from streams import until

from events import topics
from events.records import DecisionResult

WITH_TRAINER = (*ONE_EACH, ("trainer", 0))
FIRST_EVENTS = 600
SMALL_DISK = 2_000
"""Less than an artefact."""
POINTS = ("claimed", "mid-fit", "temporary written", "renamed", "before models", "mid-produce",
          "after offsets", "committing", "after models")  # fmt: skip


@dataclass
class Training:
    """Retrains asked for one after another; after each the first version is made champion again."""

    scene: Scene
    asked: int = 0

    @property
    def service(self) -> Service:
        return self.scene.services["trainer-0"]

    def begin(self) -> None:
        """There is something to learn from, and the monitor does not decide."""
        asked(self.scene.stream, "pause", "pause")
        result(self.scene.stream, "pause")
        self.scene.await_sent(FIRST_EVENTS)

    def ask(self) -> str:
        self.asked += 1
        name = f"retrain-{self.asked}"
        asked(self.scene.stream, "retrain", name)
        return name

    def undo(self) -> None:
        """The first version, which is worse than what is trained on the stream, serves again."""
        asked(self.scene.stream, "rollback", f"back-{self.asked}", target_version=1)
        assert result(self.scene.stream, f"back-{self.asked}").status == "done"

    def after(self, fault: Fault) -> tuple[float, DecisionResult]:
        """Ask for a retrain of a trainer over which `fault` comes; how long it took after, and the result."""
        self.service.kill()
        name = self.ask()
        self.scene.start(self.service, fault)
        since = self.service.died()
        self.scene.start(self.service)
        ended = result(self.scene.stream, name)
        return time.time() - since, ended


def steps(rig: Rig) -> Iterator[Row]:
    """Killed at each step of a retrain: it is done once, whatever was done of it before."""
    found: dict[str, list[float]] = {}
    wrong: dict[str, str] = {}
    with Scene(rig.kafka, 41, services=WITH_TRAINER) as scene:
        training = Training(scene)
        training.begin()
        for point in POINTS * rig.repeated(1, 3):
            act = "kill-parent" if point in TRAINING else "kill"
            seconds, ended = training.after(Fault(point, act, lit=True))
            found.setdefault(point, []).append(seconds)
            if ended.status != "done":
                wrong[point] = f"the retrain ended as {ended.status}: {ended.reason}"
            else:
                training.undo()
        verdict = scene.verdict()
    for point, seconds_of in found.items():
        made = row(f"trainer: {point}", verdict, len(seconds_of), seconds_of)
        made.troubles = [*made.troubles, *([wrong[point]] if point in wrong else [])]
        yield made


def failures(rig: Rig) -> Iterator[Row]:
    """The training's process is killed, and the registry's disk is full: said, and the champion stays."""
    faults = {
        "training: its process killed": (Fault("mid-fit", lit=True), "ended without a word"),
        "registry: disk full": (Fault(training_bytes=SMALL_DISK), "cannot be written"),
    }
    found: dict[str, tuple[float, list[str], str]] = {}
    with Scene(rig.kafka, 42, services=WITH_TRAINER) as scene:
        training = Training(scene)
        training.begin()
        for name, (fault, words) in faults.items():
            training.service.kill()
            scene.start(training.service, fault)
            since = time.time()
            ended = result(scene.stream, training.ask())
            wrong = (
                []
                if ended.status == "failed" and words in ended.reason
                else [f"{ended.status}: {ended.reason}"]
            )
            if roles(scene.stream).champion != 1:
                wrong.append("the champion is another")
            reason = ended.reason.replace(str(scene.stream.path.parent), "…")
            found[name] = (time.time() - since, wrong, reason)
        training.service.kill()
        scene.start(training.service)
        assert result(scene.stream, training.ask()).status == "done", "the next retrain, without a fault"
        verdict = scene.verdict()
    for name, (seconds, wrong, reason) in found.items():
        made = row(name, verdict, 1, [seconds], f"holds; the decision ends: {reason}")
        made.troubles = [*made.troubles, *wrong]
        yield made


def artefacts(rig: Rig) -> Iterator[Row]:
    """The champion's artefact is spoilt while its scorer is down: the one before serves until then."""
    found: dict[str, tuple[float, list[str], str]] = {}
    with Scene(rig.kafka, 43) as scene:
        scene.stream.train(seed=2)
        service = scene.services["scorer-0"]
        folder = Path(scene.stream.settings.registry.url) / "artifacts"
        first, second = (folder / manifest(scene.stream, version).artifact_sha256 for version in (1, 2))
        whole = second.read_bytes()
        damages: dict[str, Callable[[], bytes]] = {
            "one bit flipped": lambda: whole[:-40] + bytes([whole[-40] ^ 1]) + whole[-39:],
            "truncated": lambda: whole[: len(whole) // 2],
            "swapped for another version's": first.read_bytes,
        }
        for name, damage in damages.items():
            scene.stream.await_worker(lambda worker: worker.champion == 2)
            since = service.kill()
            second.write_bytes(damage())
            scene.again(service, since)
            said = scene.stream.await_worker(lambda w: w.champion == 1 and w.error is not None)
            wrong = [] if "other bytes" in (said.error or "") else [f"it says {said.error}"]
            found[name] = (scene.recoveries[-1].seconds or 0.0, wrong, said.error or "")
            second.write_bytes(whole)
        scene.stream.await_worker(lambda worker: worker.champion == 2 and worker.error is None)
        verdict = scene.verdict()
    for name, (seconds, wrong, _) in found.items():
        made = row(f"artefact: {name}, scorer restarted", verdict, 1, [seconds],
                   "holds; the version before serves and `workers` says why, until it is back")  # fmt: skip
        made.troubles = [*made.troubles, *wrong]
        yield made


def replayed_roles(rig: Rig) -> Iterator[Row]:
    """An old `roles` record is written again: nobody follows it, not even who starts after it."""
    with Scene(rig.kafka, 44) as scene:
        old = roles(scene.stream).encoded()
        scene.stream.train(seed=2)
        service = scene.services["scorer-0"]
        scene.stream.await_worker(lambda worker: worker.epoch == 2)
        scene.stream.put(topics.ROLES_KEY, old)
        said = scene.stream.await_worker(lambda worker: worker.error is not None)
        recovery = scene.again(service, service.kill())
        scene.stream.await_worker(lambda worker: worker.epoch is not None and worker.error is not None)
        epoch = until(scene.stream.worker, "the worker").epoch
        verdict = scene.verdict()
    expected = [trouble for trouble in verdict.troubles if "an epoch does not grow" in trouble]
    verdict.troubles = [trouble for trouble in verdict.troubles if trouble not in expected]
    verdict.troubles += [] if expected else ["verify did not find the replayed record"]
    verdict.troubles += [] if epoch == 2 else [f"the scorer serves epoch {epoch}"]
    verdict.troubles += [] if "epoch" in (said.error or "") else [f"the scorer says {said.error}"]
    yield row("roles: an older epoch's record written again, scorer restarted", verdict, 1,
              [recovery.seconds or 0.0], "holds; refused, and `verify` names the record")  # fmt: skip
