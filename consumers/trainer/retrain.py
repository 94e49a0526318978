"""A retrain, from the outcomes to a version in the registry that has passed its gate."""

from collections.abc import Callable

from sklearn.pipeline import Pipeline

from consumers.trainer.course import Request
from consumers.trainer.draft import Draft
from consumers.trainer.ending import End, Unfit
from consumers.trainer.examples import Examples, examples, unlearned
from consumers.trainer.means import means
from consumers.trainer.registration import registered
from events.settings import Settings
from models.continuing import continued
from models.dataset_admission import admitted
from models.dataset_flaw import DataLimitError
from models.opening import opened
from models.reference import reference
from models.registry import Registry
from models.retraining import Champion, gated, retrain
from models.retraining_parts import NotBetterError
from models.snapshots import CONTINUES


def retrained(settings: Settings, request: Request, tell: Callable[[str], None]) -> End:
    """The version that takes the champion's place, or why there is none.

    Raises:
        ScoreloopError: `outcomes`, or the champion's artefact, cannot be read, or the registry not written.
    """
    since = unlearned(request.champion) if continues(request) else {}
    found = examples(settings, tell, since)
    if request.draft is not None:
        return judged(settings, request, request.draft, found)
    return learned(settings, request, found, tell)


def judged(settings: Settings, request: Request, draft: Draft, found: Examples) -> End:
    """The version that somebody brought, if it passes the gate.

    Raises:
        ScoreloopError: its artefact, or the champion's, cannot be opened.
    """
    registry = Registry(settings.registry.url)
    pipelines = [opened(made, registry, settings) for made in (request.champion, draft)]
    try:
        champion = _champion(request, pipelines[0])
        metrics = gated(settings, found.labelled, _since(request), champion, pipelines[1])
    except NotBetterError as error:
        return Unfit(str(error), rejected=True)
    stated = draft.reference or reference(settings, found.labelled.rows).stated()
    return draft.model_copy(update={"metrics": metrics, "reference": stated})


def continues(request: Request) -> bool:
    """Whether the champion is to learn on, from what came since it was made."""
    return CONTINUES in request.decision.evidence


def learned(settings: Settings, request: Request, found: Examples, tell: Callable[[str], None]) -> End:
    """The same from rows that were `found`.

    Raises:
        ScoreloopError: the champion's artefact cannot be read, or the registry not written.
    """
    champion = opened(request.champion, Registry(settings.registry.url), settings)
    try:
        rows = admitted(found.labelled.dataset(settings), request.decision.ts)
        labelled = found.labelled.at(rows.positions)
        if continues(request):
            trained = continued(settings, labelled, request.champion, champion, tell)
        else:
            with means(settings) as given:
                trained = retrain(
                    settings, labelled, _since(request), _champion(request, champion), tell,
                    alpha=_alpha(request), means=given,
                )  # fmt: skip
    except NotBetterError as error:
        return Unfit(str(error), rejected=True)
    except DataLimitError as error:
        return Unfit(f"{error}; version {request.champion.version} stays champion", rejected=True)
    trained.metrics["data"] = rows.stated
    tell("registering the version")
    return registered(settings, trained, found.trained_on)


def _champion(request: Request, pipeline: Pipeline) -> Champion:
    """Who has to be beaten, and on which rows."""
    until = request.champion.trained_on.get("to_ts")
    return Champion(request.champion.version, pipeline, until if isinstance(until, int) else None)


def _alpha(request: Request) -> float | None:
    """How probable the promotion of a challenger that is no better may be, if the decision says so."""
    alpha = request.decision.evidence.get("alpha")
    return alpha if isinstance(alpha, float) else None


def _since(request: Request) -> int | None:
    """The moment of the change that the decision speaks of, if it does."""
    change_ts = request.decision.evidence.get("change_ts")
    return change_ts if isinstance(change_ts, int) else None
