/** The steps, in order, and which of them are done: read from what exists, so that leaving loses nothing. */
import type { Tool } from "@/data/tools";

export const STEPS = ["business", "agent", "tools", "connect", "call", "number"] as const;
export type Step = (typeof STEPS)[number];

export type Done = Record<Step, boolean>;

export const NOTHING_DONE: Done = {
  business: false,
  agent: false,
  tools: false,
  connect: false,
  call: false,
  number: false,
};

export const isStep = (name: string): name is Step => (STEPS as readonly string[]).includes(name);

/** Where to go on: the first step that is not done after the last one that is, for what was passed over stays so. */
export const nextOpen = (done: Done): Step =>
  STEPS[STEPS.map((step) => done[step]).lastIndexOf(true) + 1] ?? "number";

export const stepAfter = (step: Step): Step => STEPS[STEPS.indexOf(step) + 1] ?? step;

export function doneOf(tools: Tool[], wasHeard: boolean, hasNumber: boolean): Done {
  const on = tools.filter(({ own }) => own.enabled);
  return {
    business: true,
    agent: true,
    tools: on.length > 0,
    connect: on.length > 0 && on.every(({ own }) => own.ready),
    call: wasHeard,
    number: hasNumber,
  };
}
