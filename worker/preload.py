"""Imported once by the fork server, so that every call's process starts with all of this in memory."""

import worker.worker  # noqa: F401  # pyright: ignore[reportUnusedImport]
from worker.warm_up import warm_up

warm_up()
