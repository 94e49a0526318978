"""The alarm on a source of which too much is refused: nothing stops, and a person hears of it once.

Records are counted in blocks of `bad_records_over`, or a little more, since they come by transactions. It
rings as soon as a block is sure to end with more than `bad_records_share` refused, and rings again only when
a block has ended with less than half of that: once an excursion. What is refused later, as a label that is an
orphan, does not count.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec
from msgspec import Struct, field

from events.internal import Intake
from events.monitor_state import BAD_RECORDS_KEY
from events.records import Drift, Roles
from events.settings import Limits

DETECTOR = "bad-records"


class Block(Struct):
    """What is known of one source."""

    before: int = 0
    """Records of all the blocks before."""
    records: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    """Of these: reason → how many."""
    from_ts: int | None = None
    since: int | None = None
    """When the first was refused."""
    rung: bool = False
    """Whether it has rung, in this block or before, and the excursion is not over."""


class State(Struct):
    """Plain numbers, kept as JSON in `internal.windows`."""

    epoch: int = 0
    champion: int | None = None
    """Nothing rings without one, as an alarm names it."""
    blocks: dict[str, Block] = field(default_factory=dict)
    """By source."""


class BadRecords:
    """Follows what is refused of each source."""

    def __init__(self, limits: Limits) -> None:
        self._share, self._over = limits.bad_records_share, limits.bad_records_over
        self._state = State()
        self._changed = False
        self._ringing: list[Drift] = []

    def roles(self, roles: Roles) -> None:
        """It was said who serves."""
        if roles.epoch > self._state.epoch:
            self._state.epoch, self._state.champion = roles.epoch, roles.champion
            self._changed = True

    def take(self, source: str, intake: Intake) -> None:
        """A transaction's records of `source`."""
        block = self._state.blocks.setdefault(source, Block())
        self._changed = True
        block.records += intake.records
        block.from_ts = intake.ts if block.from_ts is None else block.from_ts
        if intake.refused:
            block.refused = dict(Counter(block.refused) + Counter(intake.refused))
            block.since = intake.ts if block.since is None else block.since
        bad, champion = sum(block.refused.values()), self._state.champion
        if not block.rung and champion is not None and bad > self._share * max(block.records, self._over):
            block.rung = True
            self._ringing.append(self._drift(source, block, champion, intake.ts))
        if block.records >= self._over:
            rung = block.rung and bad >= self._share / 2 * block.records
            self._state.blocks[source] = Block(block.before + block.records, rung=rung)

    def rung(self, now: int) -> list[Drift]:
        """The alarms since the last call, made at `now`."""
        ringing, self._ringing = self._ringing, []
        return [drift.model_copy(update={"ts": now}) for drift in ringing]

    def changes(self) -> Iterator[tuple[bytes, bytes]]:
        """The state's record, if it has changed since the last call."""
        if self._changed:
            self._changed = False
            yield BAD_RECORDS_KEY, msgspec.json.encode(self._state)

    def restore(self, value: bytes) -> None:
        """Take up what the state's record says."""
        self._state = msgspec.json.decode(value, type=State)

    def _drift(self, source: str, block: Block, champion: int, to_ts: int) -> Drift:
        """Times are those at which records were read: of a bad one no other is known."""
        bad = sum(block.refused.values())
        reasons = ", ".join(f"{reason} {count}" for reason, count in Counter(block.refused).most_common())
        return Drift(
            alarm_id=f"{DETECTOR}.{source}.{block.before + block.records}",
            ts=to_ts,
            kind="quality",
            detector=DETECTOR,
            model_version=champion,
            feature=None,
            evidence=bad / block.records,
            threshold=self._share,
            from_ts=to_ts if block.from_ts is None else block.from_ts,
            to_ts=to_ts,
            change_ts=block.since,
            guarantee=f"counted: more than {self._share:.4g} of {self._over} records; one alarm an excursion",
            message=f"{bad} of the newest {block.records} records of {source} were refused ({reasons}); "
            "dead-letters has them",
        )
