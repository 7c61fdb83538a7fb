"""Which agent a synthetic call talks to."""

from operations.operator import Operator
from shared.errors import ConfigurationError
from shared.repositories.phone_numbers import PlatformNumberRepository


async def find_agent(operator: Operator) -> tuple[str, str]:
    """Tenant and agent: those that TRUNKLINE_TEST_AGENT names, else the first number's.

    Raises `ConfigurationError`.
    """
    if named := operator.env.get("TRUNKLINE_TEST_AGENT"):
        tenant_id, _, agent_id = named.partition("/")
        if not tenant_id or not agent_id:
            raise ConfigurationError("TRUNKLINE_TEST_AGENT: expected TENANT/AGENT")
        return tenant_id, agent_id
    numbers = sorted(await PlatformNumberRepository(operator.database).all())
    if not numbers:
        remedy = "attach a number in the dashboard, or export TRUNKLINE_TEST_AGENT=TENANT/AGENT"
        raise ConfigurationError(f"no number leads to an agent that could be called; {remedy}")
    return numbers[0][1].tenant_id, numbers[0][1].agent_id
