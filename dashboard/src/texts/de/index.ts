import type { Catalogue } from "../catalogue";
import { agentEditor } from "./agentEditor";
import { agentFields } from "./agentFields";
import { agents } from "./agents";
import { apiKeys } from "./apiKeys";
import { audit } from "./audit";
import { calls } from "./calls";
import { common } from "./common";
import { connect } from "./connect";
import { form } from "./form";
import { members } from "./members";
import { numbers } from "./numbers";
import { session } from "./session";
import { settings } from "./settings";
import { testCall } from "./testCall";
import { tools } from "./tools";
import { usage } from "./usage";

export const de: Catalogue = {
  agentEditor,
  agentFields,
  agents,
  apiKeys,
  audit,
  calls,
  common,
  connect,
  form,
  members,
  numbers,
  session,
  settings,
  testCall,
  tools,
  usage,
};
