"""What log lines look like, and what never gets into them."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shared import telemetry

pytestmark = pytest.mark.unit


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was."""
    root = logging.getLogger()
    handlers, loggers = list(root.handlers), [root, *map(logging.getLogger, telemetry.TALKATIVE)]
    levels = [logger.level for logger in loggers]
    yield
    root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_the_time_of_a_line_names_its_zone_and_bound_ids_stand_on_it() -> None:
    record = logging.makeLogRecord({"msg": "hello", "created": 1_700_000_000.25, "levelname": "INFO"})
    with telemetry.bind(tenant_id="harbor"):
        line = json.loads(telemetry.JsonFormatter().format(record))
    assert datetime.fromisoformat(line["time"]) == datetime(2023, 11, 14, 22, 13, 20, 250_000, UTC)
    assert (line["message"], line["tenant_id"]) == ("hello", "harbor")


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    "library", ["websockets.client", "botocore.endpoint", "google.auth", "httpcore.http11"]
)
def test_libraries_do_not_write_out_requests_even_where_everything_is_logged(library: str) -> None:
    telemetry.configure_logging("DEBUG")
    assert logging.getLogger("worker.call").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger(library).isEnabledFor(logging.DEBUG)


@pytest.mark.usefixtures("restored")
def test_libraries_are_no_louder_than_the_rest() -> None:
    telemetry.configure_logging("ERROR")
    assert not logging.getLogger("websockets.client").isEnabledFor(logging.WARNING)
