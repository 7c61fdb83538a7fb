"""Imported once by the fork server, so that every call's process starts with all of this in memory.

Only what survives a fork: modules, schemas, a TLS context. No threads, no channels, no event loop.
"""

import worker.worker  # noqa: F401  # pyright: ignore[reportUnusedImport]
from worker.warm_up import build_schemas, tls_context

tls_context()
build_schemas()
