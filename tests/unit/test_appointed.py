"""How a version came by its role, and its card, of what `models` and `control` say."""

from typing import Any

import pytest
from trainings import SETTINGS, Log, decision, draft

from console.appointed import about, behind, roles_then
from console.card_page import page
from console.trail import Entry, Stated, trail
from events.records import Canary, Manifest, Roles


def roles(epoch: int, champion: int, canary: int | None = None, **more: Any) -> Roles:
    tried = None if canary is None else Canary(version=canary, share=0.1)
    return Roles(
        epoch=epoch, ts=epoch * 10, champion=champion, canary=tried, decision_id=f"d-{epoch}", **more
    )


PAST = [
    roles(5, 1, shadows=(2,)), roles(4, 2), roles(3, 2), roles(2, 1, canary=2, shadows=(1, 2)), roles(1, 1)
]  # fmt: skip
"""Version 2 on trial, promoted, confirmed, and rolled back from."""


@pytest.mark.parametrize(
    ("version", "role", "ts", "epoch"),
    [(2, "champion", 35, 3), (2, "champion", 99, 4), (2, "champion", 1, 3), (2, "canary", 29, 2),
     (1, "champion", 29, 2), (1, "champion", 50, 5), (3, "champion", 99, None)],
)  # fmt: skip
def test_the_epoch_is_that_of_the_newest_roles_by_then(
    version: int, role: Any, ts: int, epoch: int | None
) -> None:
    found = roles_then(PAST, version, role, ts)
    assert (None if found is None else found.epoch) == epoch


def lived() -> tuple[list[Entry], list[Roles], Manifest]:
    """Version 2 is made champion, rolled back from, and promoted again."""
    log = Log(versions=2)
    trainer = log.trainer()
    log.ask(decision("rollback", "d-1", reason="bad Mondays"))
    log.ask(decision("promote", "d-2", target_version=2, reason="good Tuesdays"))
    log.ask(decision("pause", "d-3"))
    log.go(trainer)
    models = [Stated(key or b"", value or b"", 0) for key, value in log.models]
    past = [Roles.model_validate_json(log.newest[f"roles/{epoch}"]) for epoch in (4, 3, 2, 1)]
    return list(trail(models, (one or b"" for one in log.control))), past, log.manifest(2)


def test_the_lines_behind_a_role_are_the_decisions_up_to_then() -> None:
    entries, past, manifest = lived()

    def keys(epoch: int) -> list[str]:
        return [one.key for one in behind(entries, manifest, past, epoch)]

    first = ["version/2", "decision/t-2", "roles/2"]
    assert keys(2) == first
    assert keys(3) == [*first, "decision/d-1", "roles/3"]
    assert set(keys(4)) == {*first, "decision/d-1", "roles/3", "decision/d-2", "roles/4"}
    [asked] = [one for one in behind(entries, manifest, past, 4) if one.key == "decision/d-2"]
    assert (asked.who, asked.why) == ("operator", "good Tuesdays")


def test_a_result_that_names_a_version_is_about_it_though_no_role_changed() -> None:
    entries, past, manifest = lived()
    about_two, about_one = (
        entries[0]._replace(number=90 + version, key=f"decision/x-{version}", record={"version": version})
        for version in (2, 1)
    )
    assert about([*entries, about_two, about_one], manifest, past) == [
        *behind(entries, manifest, past), about_two
    ]  # fmt: skip


def card(manifest: Manifest, **more: Any) -> str:
    entries, past, _ = lived()
    trail = about(entries, manifest, past)
    return page(SETTINGS, manifest, "champion", {"artifacts": "kept"}, trail, **more)


def test_a_card_has_what_the_manifest_and_the_trail_say() -> None:
    facts = draft(
        trained_on={"topic": "outcomes", "partitions": {"0": [5, 1250]}, "rows": 900, "from_ts": 0},
        params={"family": "linear", "seed": 3, "candidates": [
            {"family": "linear", "params": {"C": 10.0}, "error": 0.04, "log_loss": 0.1, "failed": None},
            {"family": "svm", "params": {}, "error": None, "log_loss": None, "failed": "too slow"},
        ]},
        metrics={
            "rows": 200, "loss_sum": 8, "error": 0.04, "values": {"accuracy": 0.96, "brier": 0.1},
            "importance": {"metric": "log_loss", "rows": 200, "repeats": 5, "seed": 3, "features": {
                "age": {"mean": 0.01, "spread": 0.002}, "amount": {"mean": 0.5, "spread": 0.01},
            }},
            "confidence": {"bins": [[1, 100, 99], [26, 100, 93]], "lowest": 0.9},
            "data": {"rows": 1200, "left_out": {"broken": 2}, "flaws": ["a | b is rare"]},
            "gate": {"champion": 1, "champion_error": 0.09, "rows": 200, "window": "all", "windows": []},
        },
        golden=[{"features": {"amount": 1.5}, "prediction": "ok", "probabilities": {"ok": 1.0}}],
    )  # fmt: skip
    text = card(facts.manifest(2, 1, "t-2", 0))
    assert "| 0 | 5 | 1,250 |" in text
    assert "| error (mean loss) | 0.040 | 0.0174 to 0.0773 |" in text, "Clopper's and Pearson's for 8 of 200"
    assert text.index("| amount | 0.5 | 0.01 |") < text.index("| age | 0.01 | 0.002 |")
    assert "| 0.00 | 0.50 | 100 | 99% |\n| 0.50 | 1.00 | 100 | 93% |" in text
    assert "The champion then, version 1, had an error of 0.090 on them." in text
    assert "- tried: 2, of which the best" in text
    assert "too slow" not in text
    assert "rollback done → v1" in text, "it is in the trail, though another version's decision"
    assert "promote done → v2" in text
    assert "d-3" not in text
    assert "It is not signed." in text


@pytest.mark.parametrize(("wrong", "bounds"), [(0, "0.0000 to 0.0183"), (200, "0.9817 to 1.0000")])
def test_a_card_s_bounds_at_the_ends(wrong: int, bounds: str) -> None:
    metrics = {"rows": 200, "loss_sum": wrong, "error": wrong / 200}
    assert f"| {bounds} |" in card(draft(metrics=metrics).manifest(2, None, "t-2", 0))


def test_a_card_of_an_old_manifest_leaves_out_what_it_does_not_say() -> None:
    text = card(draft(metrics={}, estimator="brought: Model").manifest(2, None, "t-2", 0))
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles == [
        "# payments, version 2", "## What it predicts", "## Who vouches for it", "## Decisions", "## Limits"
    ]  # fmt: skip
    assert "What its features were like is not known." in text
    assert "None" not in text
    assert "null" not in text
