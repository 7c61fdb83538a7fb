"use client";
/** What somebody has entered in place of what is stored, and what becomes of it when they save: also when somebody else did. */
import { useEffect, useState } from "react";
import type { ApiError } from "@/api/errors";

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

export type Field<Draft> = keyof Draft & string;

/** In the order of `fields`; without it, of all that either of them has. */
export function differingFields<Draft extends object>(
  one: Draft,
  other: Draft,
  fields: readonly Field<Draft>[] = Object.keys({ ...one, ...other }) as Field<Draft>[],
): Field<Draft>[] {
  return fields.filter((field) => !same(one[field], other[field]));
}

function pick<Draft extends object>(draft: Draft, fields: readonly Field<Draft>[]): Partial<Draft> {
  return Object.fromEntries(fields.map((field) => [field, draft[field]])) as Partial<Draft>;
}

/** What of `draft` differs from `base`, with `draft`'s values. */
const changesOf = <Draft extends object>(base: Draft, draft: Draft): Partial<Draft> =>
  pick(draft, differingFields(base, draft));

/** A result of `useChange` that changes some fields of one version; another one there by now is `changed_meanwhile`. */
interface Change<Stored, Draft> {
  mutateAsync: (input: Stored & { changes: Partial<Draft> }) => Promise<Stored | undefined>;
  reset: () => void;
  error: ApiError | null;
  isPending: boolean;
}

interface DraftOptions<Stored, Draft> {
  current: Stored;
  /** Reads it as it is now, past the cache. */
  reload: () => Promise<Stored | undefined>;
  /** What of it is edited. */
  draftOf: (stored: Stored) => Draft;
  change: Change<Stored, Draft>;
  onSaved: () => void;
}

export function useDraft<Stored extends { etag: string }, Draft extends object>({
  current,
  reload,
  draftOf,
  change,
  onSaved,
}: DraftOptions<Stored, Draft>) {
  const [base, setBase] = useState(current);
  const [draft, setDraft] = useState(() => draftOf(current));
  const [theirs, setTheirs] = useState<Stored>();
  const changed = differingFields(draftOf(base), draft).length;

  const restart = (stored: Stored) => {
    setBase(stored);
    setDraft(draftOf(stored));
    setTheirs(undefined);
    change.reset();
  };
  // Somebody else's newer version takes the place of one that nothing was entered for.
  useEffect(() => {
    if (changed === 0 && current.etag !== base.etag) restart(current);
  }, [current]);

  /** `wanted` in place of the version `on`; if that is not the newest, `theirs` is it afterwards. */
  const send = (wanted: Draft, on: Stored) =>
    change.mutateAsync({ ...on, changes: changesOf(draftOf(on), wanted) }).then(
      (saved) => {
        if (!saved) return;
        setBase(saved);
        // What was typed while the request was under way stays, unsaved.
        setDraft((now) => ({ ...draftOf(saved), ...changesOf(wanted, now) }));
        onSaved();
      },
      (error: ApiError) => {
        // Why is `error`; what is there by now, when that can be read.
        if (error.kind === "changed_meanwhile") reload().then(setTheirs, () => undefined);
      },
    );

  return {
    base,
    draft,
    dirty: changed > 0,
    changed,
    theirs,
    error: change.error,
    busy: change.isPending,
    set: (entered: Partial<Draft>) => setDraft((now) => ({ ...now, ...entered })),
    discard: () => restart(current),
    save: () => void send(draft, base),
    /** After a conflict: these fields as they were entered, the others as somebody else has them. */
    settle: (mine: readonly Field<Draft>[]) => {
      if (!theirs) return;
      const chosen = { ...draftOf(theirs), ...pick(draft, mine) };
      setDraft(chosen);
      setBase(theirs);
      setTheirs(undefined);
      if (differingFields(draftOf(theirs), chosen).length === 0) restart(theirs);
      else void send(chosen, theirs);
    },
    putAside: () => setTheirs(undefined),
  };
}
