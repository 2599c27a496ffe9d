import { readFileSync } from "node:fs";

type Request = {
{{parameters}}
};

/** Makes the answer. */
function solve(request: Request): unknown {
  throw new Error(`not written yet, ${Object.keys(request).length} values were given`);
}

try {
  const request = JSON.parse(readFileSync(0, "utf8")) as Request;
  console.log(JSON.stringify(solve(request)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.log(JSON.stringify({ success: false, error: message }));
  process.exitCode = 1;
}
