"""Made-up examples are the same ones each time, and none has to be quick."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
