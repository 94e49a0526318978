"""The records of `internal.windows`: the monitor's state. A turn ends with `totals` and `marks`.

| key | value |
| --- | --- |
| `totals` | `Totals`, for `status` |
| `marks` | `Marks` |
| `joiner/<p>` | `events.internal.Standing`, the newest |
| `window/<cell>` | the sums of a window, `models.window_book` |
| `bucket/<cell>` | the sums of a bucket that is not final, `models.bucket_book` |
| `trial` | who is on trial: `models.trial` |
| `held-back` | what may not be asked for yet, and how labels came lately: `models.held_back` |
| `tenure` | who is champion, and its alarm: `models.tenure` |
| `early-warning` | whether the champion was warned of on running labels: `models.early_warning` |
| `bad-records` | how much of each source was refused lately: `models.bad_records` |
| `warnings` | what was warned of without labels, and what that rests on: `models.warnings_book` |
| `stretch/<cell>` | the histograms of a window that is not over, `models.stretches` |
| `reference/<version>` | what its inputs were like: `models.reference` |
| `baseline/<version>` | what its gate measured: `models.baseline` |
| `snapshots` | which versions learn online, and how far the champion's tenure is: `models.snapshots` |
"""

from events.internal import LabelCounts
from events.records import Count, Metric, Milliseconds, Record, Role

TOTALS_KEY = b"totals"
MARKS_KEY = b"marks"
WINDOW_PREFIX = b"window/"
BUCKET_PREFIX = b"bucket/"
STANDING_PREFIX = b"joiner/"
TENURE_KEY = b"tenure"
BASELINE_PREFIX = b"baseline/"
TRIAL_KEY = b"trial"
SNAPSHOTS_KEY = b"snapshots"
HELD_BACK_KEY = b"held-back"
BAD_RECORDS_KEY = b"bad-records"
EARLY_WARNING_KEY = b"early-warning"
WARNINGS_KEY = b"warnings"
STRETCH_PREFIX = b"stretch/"
REFERENCE_PREFIX = b"reference/"


class AnswerCounts(Record):
    """What became of the answers of one role; those that wait are the rest."""

    predictions: Count = 0
    matched: Count = 0
    expired: Count = 0


class Waiting(Record):
    """What waits, by the joiner's own count."""

    predictions: Count = 0
    shadows: Count = 0
    labels: Count = 0
    """Those whose prediction has not come."""


class Totals(Record):
    """The counts of I4 over everything that has been tallied so far, and how far that is."""

    answers: dict[Role, AnswerCounts]
    labels: LabelCounts
    waiting: Waiting = Waiting()
    watermark: Milliseconds | None = None
    """All that was scored or labelled up to this event time has been joined."""
    newest: Metric | None
    """The newest final window of a champion, over all its events."""


class Marks(Record):
    """Where the state stands."""

    stamp: str
    """Stands beside the offset that was committed with this state, too: they belong together."""
    window: Count
    """The windows' length in milliseconds."""
    forgotten_before: Milliseconds
    """Windows that start before and are not held are not known any more."""
    spoken_before: Milliseconds
    """Buckets that start before have been handed on as final."""
    finished: Count | None = None
    """The newest finish that has been told of in `internal.sources`."""
