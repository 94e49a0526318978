"""What scorers do where the registry or `roles` cannot be believed."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from deciding import manifest, roles
from faults.rig import Rig
from faults.scene import BODY, Scene
from faults.table import Row, row
from streams import until

from events import topics
from events.signatures import Signer


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


def forged_roles(rig: Rig) -> Iterator[Row]:
    """Roles of a later epoch that the stream's key has not signed: nobody follows them, new or old."""
    with tempfile.TemporaryDirectory() as folder:
        signer, pem = Signer.new("any")  # a stream's name is in what is signed, not in the key
        key = Path(folder) / "key.pem"
        key.write_bytes(pem)
        keyed = f'registry.signing_key = "{key}"\nregistry.public_keys = ["{signer.public_key}"]\n{BODY}'
        yield from _forged(rig, keyed)


def _forged(rig: Rig, body: str) -> Iterator[Row]:
    found: dict[str, tuple[float, list[str]]] = {}
    with Scene(rig.kafka, 45, body=body) as scene:
        scene.stream.train(seed=2)
        service = scene.services["scorer-0"]
        genuine = roles(scene.stream)
        later = genuine.model_copy(update={"epoch": 9, "champion": 1})
        others, _ = Signer.new(scene.stream.settings.name)
        forgeries = {
            "tampered with": (later, "none of [registry] public_keys"),
            "unsigned": (later.model_copy(update={"signature": None}), "is not signed"),
            "signed by another key": (others(later), "none of [registry] public_keys"),
        }
        for name, (forgery, sentence) in forgeries.items():
            scene.stream.await_worker(lambda worker: worker.epoch == genuine.epoch and worker.error is None)
            scene.stream.put(topics.ROLES_KEY, forgery.encoded())
            scene.stream.await_worker(lambda w, says=sentence: says in (w.error or ""))
            since = service.kill()
            scene.again(service, since)
            said = scene.stream.await_worker(lambda w: w.epoch is not None and w.error is not None)
            wrong = [] if said.epoch == genuine.epoch else [f"it serves epoch {said.epoch}"]
            wrong += [] if sentence in (said.error or "") else [f"it says {said.error}"]
            found[name] = (scene.recoveries[-1].seconds or 0.0, wrong)
            scene.stream.put(topics.ROLES_KEY, genuine.encoded())
            scene.again(service, service.kill())
        verdict = scene.verdict()
    named = [t for t in verdict.troubles if "not signed by the stream's keys" in t or "does not grow" in t]
    verdict.troubles = [trouble for trouble in verdict.troubles if trouble not in named]
    verdict.troubles += [] if named else ["verify did not name the forged records"]
    for name, (seconds, wrong) in found.items():
        made = row(f"roles: {name}, of a later epoch, scorer restarted", verdict, 2, [seconds],
                   "holds; refused, `workers` says why, and `verify` names the record")  # fmt: skip
        made.troubles = [*made.troubles, *wrong]
        yield made
