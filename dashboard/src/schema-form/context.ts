import type { AgentTool } from "@/data/tools";

/** What widgets know beyond their own field. */
export interface FormContext {
  secrets: AgentTool["secrets"];
}
