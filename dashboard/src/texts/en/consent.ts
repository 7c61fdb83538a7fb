/** Why a consent came to nothing, by the connection function's name for it (`shared/services/consent_errors.py`). */
export const consent = {
  denied: "Access was not allowed at the provider, so nothing was connected. Connect again if that was a mistake.",
  partial:
    "Not everything that the tool needs was allowed, so nothing was connected. Connect again and leave all boxes ticked.",
  wrong_account: "Another account was chosen than the one that is connected here, so nothing was changed.",
  unknown: "What came back does not belong to any connection that was started here. Connect again.",
  replayed:
    "That page of the provider was used before, and what it led to then still holds. Connect again if the account is not connected here.",
  expired: "It took more than ten minutes to come back, so nothing was connected. Connect again.",
  another_user:
    "The connection was started in another browser, so nothing was connected. Go on there, or connect here.",
  not_allowed: "You may no longer change this agent, so nothing was connected. Ask an owner of your organisation.",
  agent_gone: "This agent does not exist any more, so nothing was connected.",
  code_refused:
    "The provider did not accept its own answer: it was used before or is too old. Nothing was connected; connect again.",
  provider_failed: "The provider does not answer as it should, so nothing was connected. Try again in a few minutes.",
  too_many: "Too many requests come from your network at the moment, so nothing was connected. Try again in a minute.",
  our_failure: "We could not finish the connection. If the account is not connected here in a minute, connect again.",
  superseded: "Somebody else connected this tool at the same time. Their connection is the one that holds.",
} as const;
