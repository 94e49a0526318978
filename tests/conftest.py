"""What holds for every test: chance has a fixed seed, and examples are few enough for a quick run."""

from hypothesis import settings

settings.register_profile("fixed", derandomize=True, max_examples=25, deadline=None, database=None)
settings.load_profile("fixed")
