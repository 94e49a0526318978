"""`make fuzz` asks for the same properties with many more examples, by chance anew each time."""

from hypothesis import settings

settings.register_profile("fuzz", max_examples=10_000, deadline=None, database=None)
