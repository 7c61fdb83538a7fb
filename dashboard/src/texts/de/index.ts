import type { Catalogue } from "../catalogue";
import { agentEditor } from "./agentEditor";
import { agentFields } from "./agentFields";
import { agents } from "./agents";
import { common } from "./common";
import { connect } from "./connect";
import { form } from "./form";
import { session } from "./session";
import { tools } from "./tools";

export const de: Catalogue = { agentEditor, agentFields, agents, common, connect, form, session, tools };
