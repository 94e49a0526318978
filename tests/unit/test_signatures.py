import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from samples import CLASSIFICATION, Record, settings
from trainings import Log, decision, draft

from console.keys import keys
from consumers.roles import ModelsView, RolesError
from consumers.trainer.signing import signing
from events.errors import ScoreloopError
from events.records import Roles
from events.settings import Settings, load
from events.signatures import SignatureError, Signer, Trust, canonical
from models.monitor_book import MonitorBook
from verify.history import History
from verify.report import Findings

SIGNER, _PEM = Signer.new("payments")
OTHER, _ = Signer.new("payments")
KEYED = settings(registry={"public_keys": [SIGNER.public_key]})
ROLES = Roles(epoch=3, ts=0, champion=7, previous=(6,), decision_id="d")


def signed(**changes: Any) -> dict[str, Any]:
    stated: dict[str, Any] = json.loads(SIGNER(ROLES).encoded())
    return {**stated, **changes}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (-0.0, "0"), (0.1, "0.1"), (1e21, "1e+21"), (1e20, "100000000000000000000"),
        (1e-6, "0.000001"), (1e-7, "1e-7"), (1.5e-9, "1.5e-9"), (-123.456, "-123.456"),
        (5e-324, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        (333333333.33333329, "333333333.3333333"),
        (2**60, "1152921504606846976"), (True, "true"), (None, "null"),
        ('€\n"\u000f', '"€\\n\\"\\u000f"'),
        ({"b": [1, {}], "a": "x"}, '{"a":"x","b":[1,{}]}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),
    ],
)  # fmt: skip
def test_canonical_json_is_that_of_rfc_8785(value: object, text: str) -> None:
    assert canonical(value) == text


def test_anyone_can_verify_what_the_documents_say_is_signed() -> None:
    record = signed()
    signature = base64.b64decode(record.pop("signature"))
    plain = json.dumps(record, sort_keys=True, separators=(",", ":"))  # no number here is a fraction
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(SIGNER.public_key.removeprefix("ed25519:")))
    key.verify(signature, b"payments.models\n" + plain.encode())


def test_a_signed_record_is_trusted_however_its_json_is_laid_out() -> None:
    Trust(KEYED).check(json.dumps(dict(reversed(signed().items())), indent=3))


TAMPERED = {
    "changed": signed(champion=6),
    "a field more": signed(canary={"version": 9, "share": 0.5}, note="x"),
    "a field less": {name: value for name, value in signed().items() if name != "previous"},
    "unsigned": signed(signature=None),
    "an empty signature": signed(signature=""),
    "no Base64": signed(signature="%%%"),
    "a number for a signature": signed(signature=7),
    "too short a signature": signed(signature=base64.b64encode(b"x" * 63).decode()),
    "another key's": json.loads(OTHER(ROLES).encoded()),
    "another stream's": json.loads(Signer(_PEM, "refunds")(ROLES).encoded()),
}


@pytest.mark.parametrize("record", TAMPERED.values(), ids=TAMPERED)
def test_what_is_not_signed_as_it_must_be_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(SignatureError):
        Trust(KEYED).check(json.dumps(record))
    view = ModelsView(Trust(KEYED))
    view.take(b"roles/3", SIGNER(ROLES).encoded())
    view.take(b"roles", json.dumps(record).encode())
    with pytest.raises(RolesError, match="roles: the record"):
        view.newest()
    assert view.standing() == SIGNER(ROLES), "the newest valid one of the past"


@pytest.mark.parametrize(
    "value", [b"", b"\xff", b"[1]", b"null", b"1", b"[" * 100_000, b'{"a": NaN}', b'{"a": 1e999}']
)
def test_what_is_no_record_is_refused(value: bytes) -> None:
    with pytest.raises(SignatureError, match="no record"):
        Trust(KEYED).check(value)


def test_a_key_given_twice_is_refused_whatever_its_signature() -> None:
    value = SIGNER(ROLES).encoded()
    with pytest.raises(SignatureError):
        Trust(KEYED).check(value.replace(b'{"epoch":3', b'{"champion":6,"epoch":3'))


def test_without_public_keys_anyone_may_write() -> None:
    Trust(settings()).check(b"whatever")


def test_any_of_several_keys_will_do() -> None:
    both = settings(registry={"public_keys": [OTHER.public_key, SIGNER.public_key]})
    Trust(both).check(SIGNER(ROLES).encoded())
    Trust(both).check(OTHER(ROLES).encoded())


def test_an_unsigned_manifest_is_not_noted() -> None:
    view, made = ModelsView(Trust(KEYED)), draft().manifest(7, None, "d", 0)
    with pytest.raises(RolesError, match="the manifest of version 7: the record is not signed"):
        view.take(b"version/7", made.encoded())
    view.take(b"version/7", SIGNER(made).encoded())
    with pytest.raises(RolesError):
        view.take(b"version/7", OTHER(made.model_copy(update={"artifact_sha256": "b" * 64})).encoded())
    assert view.manifest(7).artifact_sha256 == made.artifact_sha256


def test_forged_roles_of_a_high_epoch_do_not_make_the_true_ones_late() -> None:
    view = ModelsView(Trust(KEYED))
    view.take(b"roles/3", SIGNER(ROLES).encoded())
    view.take(b"roles/99", OTHER(ROLES.model_copy(update={"epoch": 99})).encoded())
    view.take(b"roles", SIGNER(ROLES).encoded())
    assert view.newest() == SIGNER(ROLES)


def test_a_trainer_signs_what_it_writes_and_takes_no_unsigned_version() -> None:
    log = Log(versions=0)
    log.settings = KEYED.model_copy(update={"training": log.settings.training})
    log.sign = SIGNER
    trainer, made = log.trainer(), draft(metrics={"error": 0.1})
    unsigned = decision("promote", "a", evidence={"draft": made.model_dump()})
    changed = {**SIGNER(made).model_dump(), "artifact_sha256": "f" * 64}
    log.ask(unsigned, decision("promote", "b", evidence={"draft": changed}))
    log.ask(decision("promote", "c", evidence={"draft": SIGNER(made).model_dump()}))
    log.go(trainer)
    assert log.status("a") == (
        "rejected",
        "evidence.draft is not signed, and [registry] public_keys asks for that",
    )
    assert log.status("b")[0] == "rejected"
    assert log.status("c")[0] == "done"
    for key in ("version/1", "roles", "roles/1"):
        Trust(KEYED).check(log.newest[key])
    assert log.manifest(1).signature != SIGNER(made).signature


def written(folder: Path, registry: str = "") -> Path:
    path = folder / "stream.toml"
    path.write_text(
        'name = "payments"\ntask = "regression"\n' + registry + "\n[features]\namount = 'number'\n", "utf-8"
    )
    return path


def made(path: Path, command: str = "init") -> Settings:
    result = CliRunner().invoke(keys, [command, str(path)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return load(path, {})


@pytest.mark.parametrize(
    "registry", ["", "[registry]\nurl = 'r' # here\n", "registry.url = 'r'\n", "[registry]  # x"]
)
def test_keys_init_makes_a_pair_and_names_it(tmp_path: Path, registry: str) -> None:
    path = written(tmp_path, registry)
    stream = made(path)
    private = tmp_path / "keys" / "payments.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stream.registry.signing_key == str(private)
    assert stream.registry.url == str(tmp_path / ("r" if "url" in registry else "registry"))
    Trust(stream).check(signing(stream)(ROLES).encoded())
    with pytest.raises(SignatureError):
        Trust(stream).check(SIGNER(ROLES).encoded())


def test_keys_are_never_written_over(tmp_path: Path) -> None:
    path = written(tmp_path)
    made(path)
    with pytest.raises(ScoreloopError, match="names keys already"):
        CliRunner().invoke(keys, ["init", str(path)], catch_exceptions=False)
    written(tmp_path)
    with pytest.raises(ScoreloopError, match="is there already"):
        CliRunner().invoke(keys, ["init", str(path)], catch_exceptions=False)


def test_a_registry_that_cannot_be_edited_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "registry = { url = 'r' }\n")
    before = path.read_bytes()
    with pytest.raises(ScoreloopError, match=r"say in the \[registry\]"):
        CliRunner().invoke(keys, ["init", str(path)], catch_exceptions=False)
    assert path.read_bytes() == before


def test_after_a_rotation_both_keys_are_trusted_and_the_new_one_signs(tmp_path: Path) -> None:
    path = written(tmp_path)
    before = signing(made(path))
    after = made(path, "rotate")
    assert len(after.registry.public_keys) == 2
    assert signing(after)(ROLES) != before(ROLES)
    for sign in (before, signing(after)):
        Trust(after).check(sign(ROLES).encoded())


def test_a_key_that_no_scorer_would_trust_does_not_sign(tmp_path: Path) -> None:
    stream = made(written(tmp_path))
    with pytest.raises(ScoreloopError, match="there is no key to sign with"):
        signing(KEYED)
    with pytest.raises(ScoreloopError, match="not among"):
        signing(
            KEYED.model_copy(
                update={
                    "registry": stream.registry.model_copy(update={"public_keys": KEYED.registry.public_keys})
                }
            )
        )
    (tmp_path / "keys" / "payments.pem").write_text("no key")
    with pytest.raises(ScoreloopError, match="no Ed25519 private key"):
        signing(stream)
    (tmp_path / "keys" / "payments.pem").unlink()
    with pytest.raises(ScoreloopError, match="cannot be read"):
        signing(stream)
    assert signing(settings())(ROLES) == ROLES


def test_the_environment_names_another_signing_key(tmp_path: Path) -> None:
    made(path := written(tmp_path))
    assert (
        load(path, {"SCORELOOP_SIGNING_KEY": "/run/secrets/key"}).registry.signing_key == "/run/secrets/key"
    )


@pytest.mark.parametrize("entry", ["ed25519:short", "keys/none.pub", "stream.toml"])
def test_what_is_no_public_key_is_a_sentence(tmp_path: Path, entry: str) -> None:
    path = written(tmp_path, f"registry.public_keys = ['{entry}']")
    with pytest.raises(ScoreloopError, match=r"\[registry\] public_keys: "):
        load(path, {})


def test_pickles_are_allowed_only_where_versions_are_signed() -> None:
    with pytest.raises(ValueError, match="`allow_pickle` needs `public_keys`"):
        Settings.model_validate({**CLASSIFICATION, "registry": {"allow_pickle": True}})


@pytest.mark.parametrize(
    ("epochs", "broken"),
    [
        ([ROLES, ROLES], 0),  # a stream before it had keys
        ([ROLES, SIGNER(ROLES)], 0),
        ([SIGNER(ROLES), ROLES], 1),
        ([ROLES, OTHER(ROLES)], 1),
    ],
)
def test_verify_names_what_is_not_signed_once_something_was(epochs: list[Roles], broken: int) -> None:
    findings = Findings("payments")
    messages: Any = [Record(roles.encoded(), name=b"roles/3", of="payments.models") for roles in epochs]
    history = History(messages, findings, Trust(KEYED))
    assert len(history.past) == 2 - broken
    assert [finding.promise for finding in findings.report(0).findings] == ["I5"] * broken


def test_the_monitor_follows_nothing_that_is_not_signed() -> None:
    made = draft().manifest(7, None, "d", 0)

    def state(*records: tuple[bytes, bytes]) -> list[Any]:
        book = MonitorBook(KEYED, 1)
        for key, value in records:
            book.follow(key, value)
        return book.changes("stamp")

    nothing = state()
    forged = state((b"version/7", OTHER(made).encoded()), (b"roles", ROLES.encoded()))
    assert forged == nothing
    assert state((b"version/7", SIGNER(made).encoded()), (b"roles", SIGNER(ROLES).encoded())) != nothing
