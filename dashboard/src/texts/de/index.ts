import type { Catalogue } from "../catalogue";
import { agentEditor } from "./agentEditor";
import { agentFields } from "./agentFields";
import { agents } from "./agents";
import { apiKeys } from "./apiKeys";
import { audit } from "./audit";
import { calls } from "./calls";
import { common } from "./common";
import { connect } from "./connect";
import { consent } from "./consent";
import { form } from "./form";
import { home } from "./home";
import { members } from "./members";
import { numbers } from "./numbers";
import { platform } from "./platform";
import { problems } from "./problems";
import { session } from "./session";
import { settings } from "./settings";
import { start } from "./start";
import { testCall } from "./testCall";
import { tools } from "./tools";
import { usage } from "./usage";
import { versions } from "./versions";
import { voices } from "./voices";

export const de: Catalogue = {
  agentEditor,
  agentFields,
  agents,
  apiKeys,
  audit,
  calls,
  common,
  connect,
  consent,
  form,
  home,
  members,
  numbers,
  platform,
  problems,
  session,
  settings,
  start,
  testCall,
  tools,
  usage,
  versions,
  voices,
};
