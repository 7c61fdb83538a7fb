"""The file that an owner's invitation is written to."""

from pathlib import Path

import pytest

from operations.tenant_invitations import InvitationFile
from shared.errors import UnavailableError

pytestmark = pytest.mark.unit


async def test_an_invitation_that_was_not_made_leaves_no_file_in_the_way_of_the_next(tmp_path: Path) -> None:
    kept = tmp_path / "invitation.txt"
    seen: list[bool] = []

    async def fail() -> None:
        async with InvitationFile(kept, None):
            seen.append(kept.exists())
            raise UnavailableError("Firestore does not answer")

    for _ in range(2):
        with pytest.raises(UnavailableError):
            await fail()
        assert not kept.exists()
    assert seen == [True, True]
