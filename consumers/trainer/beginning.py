"""What a version that passed its gate begins with: all traffic, a share of it or none, or to wait. Pure."""

from consumers.trainer.actions import Change, enrolled, on_trial, unserved
from consumers.trainer.draft import Draft
from consumers.trainer.standing import Standing
from events.records import Decision, Manifest
from events.settings import Decisions
from models.strategy import chosen


def begun(
    draft: Draft, decision: Decision, standing: Standing, decisions: Decisions, now: int
) -> Change | Manifest:
    """What the retrain that `decision` asked for leads to; a manifest alone where its promotion has to wait.

    It waits where promotions do and the monitor asked: an operator's own retrain is approved of already, and
    a trial makes nobody champion.
    """
    choice = chosen(decisions, decision.evidence, draft.metrics.get("gate", {}))
    draft, share = draft.beginning(choice.why), decisions.share(choice.strategy)
    if share is not None:
        return on_trial(draft, draft.verdict, decision, standing, share, now)
    if decisions.approval == "manual" and decision.requested_by == "monitor":
        return unserved(draft, decision, standing, now)
    return enrolled(draft, draft.verdict, decision, standing, now)
