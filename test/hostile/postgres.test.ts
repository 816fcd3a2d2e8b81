import { sendEverything } from "./everything";

sendEverything("postgres");
