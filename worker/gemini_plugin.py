"""What the worker uses of livekit-plugins-google: its realtime model.

The package's own `__init__` imports Cloud Speech-to-Text and Text-to-Speech as well, which no call uses, and
which take 7 MB of every worker and a tenth of its start.
"""

import sys
from importlib.util import find_spec, module_from_spec


def _leave_out_init(package: str) -> None:
    """Its modules can be imported as ever; the names that its `__init__` gives are not there."""
    spec = find_spec(package)
    assert spec is not None
    sys.modules.setdefault(package, module_from_spec(spec))


_leave_out_init("livekit.plugins.google")

from livekit.plugins.google.realtime import realtime_api  # noqa: E402 - not before its package is bare

__all__ = ["realtime_api"]
