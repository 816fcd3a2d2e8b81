import { sendEverything } from "./everything";

sendEverything("sqlite");
