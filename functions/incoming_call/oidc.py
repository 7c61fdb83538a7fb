"""Who calls a Cloud Tasks target: the OIDC token that Google signs for the queue's service account.

https://cloud.google.com/tasks/docs/creating-http-target-tasks#token
"""

from shared.errors import ForbiddenError, UnauthenticatedError
from shared.services.id_tokens import ServiceAccountVerifier as TokenVerifier

__all__ = ["ForbiddenError", "TokenVerifier", "UnauthenticatedError"]
