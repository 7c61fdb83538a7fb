"use client";
/** What somebody has entered for an agent, and what becomes of it when they save. */
import { useEffect, useState } from "react";
import { type AgentDraft, changesOf, draftOf } from "@/agents/draft";
import { type Agent, useChangeAgent } from "@/data/agents";

/** `reload` reads the agent as it is now, past the cache. */
export function useAgentDraft(current: Agent, reload: () => Promise<Agent | undefined>, onSaved: () => void) {
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => draftOf(current));
  const [theirs, setTheirs] = useState<Agent>();
  const change = useChangeAgent();
  const changes = changesOf(draftOf(base), draft);
  const dirty = Object.keys(changes).length > 0;

  const restart = (agent: Agent) => {
    setBase(agent);
    setDraft(draftOf(agent));
    setTheirs(undefined);
    change.reset();
  };
  // Somebody else's newer version takes the place of one that nothing was entered for.
  useEffect(() => {
    if (!dirty && current.revision > base.revision) restart(current);
  }, [current]);

  /** `wanted` in place of the version `on`; if that is not the newest, `theirs` is it afterwards. */
  const send = (wanted: AgentDraft, on: Agent) =>
    change.mutate(
      { id: on.id, etag: on.etag, changes: changesOf(draftOf(on), wanted) },
      {
        onSuccess: (saved) => {
          if (!saved) return;
          setBase(saved);
          // What was typed while the request was under way stays, unsaved.
          setDraft((now) => ({ ...draftOf(saved), ...changesOf(wanted, now) }));
          onSaved();
        },
        onError: (error) => {
          if (error.kind === "changed_meanwhile") reload().then(setTheirs, () => undefined);
        },
      },
    );

  return {
    base,
    draft,
    dirty,
    changed: Object.keys(changes).length,
    theirs,
    error: change.error,
    busy: change.isPending,
    set: (entered: Partial<AgentDraft>) => setDraft((now) => ({ ...now, ...entered })),
    discard: () => restart(current),
    save: () => send(draft, base),
    /** After a conflict: `chosen` in place of what somebody else made of it. */
    settle: (chosen: AgentDraft) => {
      if (!theirs) return;
      setDraft(chosen);
      setBase(theirs);
      setTheirs(undefined);
      if (Object.keys(changesOf(draftOf(theirs), chosen)).length === 0) restart(theirs);
      else send(chosen, theirs);
    },
    putAside: () => setTheirs(undefined),
  };
}
