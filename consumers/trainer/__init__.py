"""The trainer: acts on decisions, each once, and is the one writer of `models`."""
