"""A stream's versions in MLflow, beside its topics."""
