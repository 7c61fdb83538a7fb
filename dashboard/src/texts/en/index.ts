import { agentEditor } from "./agentEditor";
import { agentFields } from "./agentFields";
import { agents } from "./agents";
import { common } from "./common";
import { session } from "./session";

export const en = { agentEditor, agentFields, agents, common, session };
