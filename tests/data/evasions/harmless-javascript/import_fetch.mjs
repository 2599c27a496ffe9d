import { fetch } from "./own.js";
fetch("a");
