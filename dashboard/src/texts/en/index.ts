import { agents } from "./agents";
import { common } from "./common";
import { session } from "./session";

export const en = { agents, common, session };
