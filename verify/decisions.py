"""I5: one action for one decision, an epoch that only grows, and artefacts that stay."""

from collections.abc import Callable

from events.records import Roles
from verify.history import History, Written, told_twice
from verify.report import Example, Findings


def check_decisions(history: History, findings: Findings, intact: Callable[[int], str | None]) -> None:
    """I5 over `models`.

    `intact` says of a version what is wrong with its artefact, None where nothing is.
    """
    _check_epochs(history, findings)
    _check_results(history, findings)
    newest = history.roles[-1][1] if history.roles else None
    for version in () if newest is None else dict.fromkeys((*newest.versions, *newest.previous)):
        findings.count("I5", "artefacts")
        if (trouble := intact(version)) is not None:
            _broken(findings, "an artefact that a rollback may need is not intact", history.roles[-1][0],
                    f"version {version} in the registry as its manifest says", trouble)  # fmt: skip
    findings.count("I5", "epochs", len({roles.epoch for _, roles in history.past}))
    findings.count("I5", "decisions", len({written.name for written, _ in history.decisions}))


def _check_epochs(history: History, findings: Findings) -> None:
    last = 0
    for written, roles in history.roles:
        if roles.epoch <= last:
            _broken(findings, "an epoch does not grow", written, f"more than {last}", f"epoch {roles.epoch}")
        last = max(last, roles.epoch)
    for first, changed in told_twice(history.past):
        _broken(findings, "the roles of an epoch were changed", changed, f"as in {first.where}", "others")
    kept = {}
    for written, roles in history.past:
        if written.name != str(roles.epoch):
            _broken(findings, "roles are kept under another epoch's key", written,
                    f"epoch {written.name}", f"epoch {roles.epoch}")  # fmt: skip
        kept[roles.epoch] = roles
    for written, roles in history.roles:
        if kept.get(roles.epoch) != roles:
            _broken(findings, "roles are not kept under their epoch", written,
                    f"the same record under roles/{roles.epoch}", "none, or another")  # fmt: skip


def _check_results(history: History, findings: Findings) -> None:
    for first, changed in told_twice(history.decisions):
        _broken(findings, "a decision has more than one result", changed, f"as in {first.where}", "another")
    results = {written.name: result for written, result in history.decisions}
    acted: dict[str, Roles] = {}
    for written, roles in sorted((*history.past, *history.roles), key=lambda pair: pair[1].epoch):
        acting = acted.setdefault(roles.decision_id, roles)
        if acting.epoch != roles.epoch:
            _broken(findings, "a decision was acted on twice", written,
                    f"{roles.decision_id} in epoch {acting.epoch} alone", f"epoch {roles.epoch}")  # fmt: skip
        result = results.get(roles.decision_id)
        if result is None:
            _broken(findings, "roles come from a decision without a result", written,
                    f"decision/{roles.decision_id}", "none")  # fmt: skip
        elif acting.epoch == roles.epoch and result.epoch != roles.epoch:
            _broken(findings, "a decision's result names another epoch", written,
                    f"decision/{roles.decision_id} with epoch {roles.epoch}",
                    f"epoch {result.epoch}")  # fmt: skip


def _broken(findings: Findings, sentence: str, written: Written, expected: str, found: str) -> None:
    findings.broken(
        "I5", sentence, Example(record=written.where, event_id=None, expected=expected, found=found)
    )
