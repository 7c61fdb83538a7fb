/** Sentences that the platform writes into calls and connections, exactly as it writes them. */
export const platform = {
  took_over: "This agent took over.",
  caller_silent: "The caller is silent.",
  asked_again: "The model did not answer and was asked again.",
  caller_spoke_up: "The caller spoke up, so the call goes on.",
  agent_left: "The agent left.",
  reply_broke_off: "A reply broke off with the connection to the model; the rest was asked for.",
  no_such_function: "The model called a function that does not exist.",
  done_though_called_off: "A function was done that the model had called off; the model is told.",
  runs_on_though_called_off: "A function runs on that the model had called off; the model is told.",
  failed_though_called_off: "A function failed that the model had called off; the model is told.",
  events_dropped: "events were dropped because they could not be written",
  message_left: "The caller left a message.",
  disconnected_by_member: "A member of your organisation disconnected it.",
  agent_removed: "The agent was removed.",
  connection_refused: "The provider does not accept the connection any more: it was withdrawn or has expired.",
  credential_gone: "The stored credential is gone. Connect the account again.",
} as const;
