export const settings = {
  title: "Organisation",
  intro: "What holds for all agents.",
  name: "Name",
  fallbackNumber: "Fallback number",
  fallbackNumberHint: "Where calls go when an agent cannot answer and names no fallback of its own, such as +14155550111.",
  retention: "Keep calls for (days)",
  retentionHint: "New calls are deleted after that, with transcript and recording.",
  limit: "Calls at once",
  limitHint: "Part of your plan. Further callers get the fallback.",
  saved: "Saved.",
  deletion: "To have the organisation deleted with everything in it, ask whoever runs this service.",
  ownersOnly: "Only an owner can change this.",
} as const;
