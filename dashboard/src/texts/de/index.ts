import type { Catalogue } from "../catalogue";
import { agentEditor } from "./agentEditor";
import { agentFields } from "./agentFields";
import { agents } from "./agents";
import { common } from "./common";
import { session } from "./session";

export const de: Catalogue = { agentEditor, agentFields, agents, common, session };
