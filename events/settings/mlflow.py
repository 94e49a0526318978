"""Others' tools in which a stream's versions appear."""

from events.schema import Section


class Mlflow(Section):
    """Where the stream's versions appear beside its topics (the extra `mlflow`)."""

    tracking_uri: str | None = None
    """An MLflow server, or another of its stores; `MLFLOW_TRACKING_URI` names another. Default nowhere."""
