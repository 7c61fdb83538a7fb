"""`trunkline doctor` looks at every host name that people and programs come to."""

import pytest

from operations.checks.network import check_network
from operations.deployment import Deployment
from operations.operator import Operator

pytestmark = pytest.mark.contract

HERE = "http://127.0.0.1:1"


@pytest.mark.parametrize("part", ["incoming_call", "oauth", "tools_api", "dashboard"])
async def test_an_address_whose_name_does_not_resolve_is_found(part: str) -> None:
    urls = dict.fromkeys(("incoming_call", "oauth", "tools_api", "dashboard"), HERE)
    deployment = Deployment.model_validate(
        {
            "project_id": "example-project",
            "urls": urls | {part: "https://nobody.invalid"},
            "tasks_queue": "projects/example-project/locations/europe-west1/queues/calls",
            "livekit_url": "ws://127.0.0.1:1",
            "sip_host": "127.0.0.1",
        }
    )
    async with Operator.open(deployment, {}) as operator:
        found = await check_network(operator)
    [finding] = [each for each in found if each.status == "failed"]
    assert finding.check == f"dns {part}"
    assert "make a DNS record for nobody.invalid" in finding.fix
