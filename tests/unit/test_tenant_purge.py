"""How long a purge waits for the connection function, which alone may delete secrets; and it asks anew."""

import asyncio
import itertools
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from operations import tenants
from operations.tenants import ForgettingByTask
from shared.errors import UnavailableError
from tests.fakes import FakeTasks

pytestmark = pytest.mark.unit

OAUTH = "https://oauth.example.com"


class Deployed:
    """Its connection function has deleted the tenant's one secret after so many seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, gone_after: float) -> None:
        self.now = 0.0
        self.tasks = FakeTasks()
        moments = itertools.count()

        async def sleep(seconds: float) -> None:
            self.now += seconds

        async def list_secrets(labels: dict[str, str]) -> list[str]:
            return [] if self.now >= gone_after else ["secret-1"]

        clocks = {"monotonic": lambda: self.now, "time_ns": lambda: next(moments)}
        monkeypatch.setattr(tenants, "time", SimpleNamespace(**{**vars(time), **clocks}))
        monkeypatch.setattr(tenants, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
        operator: Any = SimpleNamespace(
            secrets=SimpleNamespace(list_secrets=list_secrets),
            deployment=SimpleNamespace(
                service_accounts={"oauth": "oauth@example.com"}, urls=SimpleNamespace(oauth=OAUTH)
            ),
            tasks=lambda service_account: self.tasks,
        )
        self.forgetting = ForgettingByTask(operator)


async def test_secrets_have_a_minute_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed = Deployed(monkeypatch, gone_after=59)
    assert await deployed.forgetting.forget("harbor") == 1
    [(url, body, delay)] = deployed.tasks.tasks.values()
    assert (url, delay) == (f"{OAUTH}/api/v1/tasks/forget-secrets", timedelta(0))
    assert body == {"tenant_id": "harbor", "agent_id": None, "slug": None, "if_removed": False}


async def test_a_purge_that_waited_in_vain_asks_anew_when_it_is_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cloud Tasks takes a second task of the same name for one that it has done."""
    deployed = Deployed(monkeypatch, gone_after=1000)
    for attempt in (1, 2):
        began = deployed.now
        with pytest.raises(UnavailableError, match="1 of 1 secrets of harbor are left"):
            await deployed.forgetting.forget("harbor")
        assert deployed.now - began == pytest.approx(60, abs=1)
        assert len(deployed.tasks.tasks) == attempt


async def test_a_tenant_without_secrets_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    deployed = Deployed(monkeypatch, gone_after=0)
    assert await deployed.forgetting.forget("harbor") == 0
    assert (deployed.tasks.tasks, deployed.now) == ({}, 0)
