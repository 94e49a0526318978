"""What holds for every test: chance has a fixed seed, and examples are few enough for a quick run."""

import signal

from hypothesis import settings

# A shell that starts the tests in the background has them ignore Ctrl-C, and so all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("fixed", derandomize=True, max_examples=25, deadline=None, database=None)
settings.load_profile("fixed")
