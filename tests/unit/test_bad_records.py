"""The alarm on refused records: when it rings, once an excursion, and over a restart."""

from events.internal import Intake
from events.records import Drift, Roles
from events.settings import Limits
from models.bad_records import BadRecords

LIMITS = Limits(bad_records_share=0.05, bad_records_over=1_000)


def roles(epoch: int = 1, champion: int = 7) -> Roles:
    return Roles(epoch=epoch, ts=0, champion=champion, decision_id=f"d-{epoch}")


def following(limits: Limits = LIMITS, *, champion: bool = True) -> BadRecords:
    found = BadRecords(limits)
    if champion:
        found.roles(roles())
    return found


def taken(
    bad: BadRecords, records: int, refused: int, *, source: str = "features", ts: int = 5
) -> list[Drift]:
    reasons = {"not-json": refused - refused // 3, "wrong-type": refused // 3} if refused else {}
    bad.take(source, Intake(ts=ts, records=records, refused=reasons))
    return bad.rung(now=99)


def test_it_says_what_was_refused_and_since_when() -> None:
    bad = following()
    assert taken(bad, 400, 0, ts=1) == []
    assert taken(bad, 100, 30, ts=2) == []
    [drift] = taken(bad, 100, 30, ts=3)
    assert (drift.kind, drift.detector, drift.model_version, drift.feature) == (
        "quality",
        "bad-records",
        7,
        None,
    )
    assert (drift.evidence, drift.threshold) == (0.1, 0.05)
    assert (drift.from_ts, drift.change_ts, drift.to_ts, drift.ts) == (1, 2, 3, 99)
    assert (
        "60 of the newest 600 records of features were refused (not-json 40, wrong-type 20)" in drift.message
    )


def test_the_limit_itself_does_not_ring() -> None:
    assert taken(following(), 1_000, 50) == []
    assert len(taken(following(), 1_000, 51)) == 1
    assert taken(following(), 20, 20) == [], "twenty of a thousand"


def test_one_transaction_may_be_longer_than_a_block() -> None:
    assert taken(following(), 5_000, 250) == []
    assert len(taken(following(), 5_000, 251)) == 1


def test_it_rings_once_until_the_share_has_been_below_half_the_limit() -> None:
    bad = following()
    assert len(taken(bad, 100, 60)) == 1
    assert taken(bad, 900, 900) == []
    for refused in (500, 51, 25):
        assert taken(bad, 1_000, refused) == [], "it is not over"
    assert taken(bad, 1_000, 24) == []
    [again] = taken(bad, 1_000, 51)
    assert again.evidence == 0.051


def test_what_is_old_does_not_count() -> None:
    bad = following()
    for _ in range(10):
        assert taken(bad, 500, 0) == []
        assert taken(bad, 500, 50) == []


def test_each_source_is_counted_by_itself_and_each_alarm_has_an_id() -> None:
    bad = following()
    drifts = [
        *taken(bad, 100, 51), *taken(bad, 100, 51, source="labels"),
        *taken(bad, 2_000, 0), *taken(bad, 1_000, 0), *taken(bad, 100, 51),
    ]  # fmt: skip
    assert [drift.message.split(" of ")[2].split()[0] for drift in drifts] == [
        "features",
        "labels",
        "features",
    ]
    assert len({drift.alarm_id for drift in drifts}) == 3


def test_a_share_of_1_is_never_exceeded() -> None:
    assert taken(following(Limits(bad_records_share=1)), 10_000, 10_000) == []


def test_it_waits_until_somebody_serves_and_names_the_newest() -> None:
    bad = following(champion=False)
    assert taken(bad, 100, 100) == []
    bad.roles(roles(epoch=3, champion=9))
    bad.roles(roles(epoch=2, champion=8))
    [drift] = taken(bad, 1, 0)
    assert drift.model_version == 9


def test_a_restored_one_goes_on_where_the_first_was() -> None:
    first = following()
    [(_, value)] = first.changes()
    assert list(first.changes()) == []
    assert taken(first, 100, 40) == []
    [(_, value)] = first.changes()
    second = BadRecords(LIMITS)
    second.restore(value)
    assert list(second.changes()) == []
    assert [d.alarm_id for d in taken(second, 100, 40)] == [d.alarm_id for d in taken(first, 100, 40)] != []
    [(_, value)] = second.changes()
    third = BadRecords(LIMITS)
    third.restore(value)
    assert taken(third, 100, 100) == [], "it has rung"
