"""`oauth_states/{id}`: outside of tenants, like phone numbers: here a callback finds out whose it is."""

from collections.abc import Callable

from shared.gateways.firestore import Create, Database, Fields, Write
from shared.models.oauth_state import OAuthState


class OAuthStateRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, state_id: str, state: OAuthState) -> None:
        await self._database.commit([Create(f"oauth_states/{state_id}", state.to_firestore())])

    async def change(self, state_id: str, decide: Callable[[OAuthState], OAuthState]) -> OAuthState:
        """Atomically replace the state by what `decide` makes of it, and return that.

        What `decide` raises reaches the caller. Raises `NotFoundError`.
        """
        decided: list[OAuthState] = []

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            current = OAuthState.from_firestore(fields)
            decided.append(decide(current))
            changed = decided[-1] != current
            return (decided[-1].to_firestore() if changed else {}), []

        await self._database.update(f"oauth_states/{state_id}", change)
        return decided[-1]
