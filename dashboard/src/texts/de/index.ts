import type { Catalogue } from "../catalogue";
import { agents } from "./agents";
import { common } from "./common";
import { session } from "./session";

export const de: Catalogue = { agents, common, session };
