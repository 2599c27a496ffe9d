import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const PROGRAM = "sort";

type Request = { text: string; unique?: boolean; reverse?: boolean };
type Answer = { lines: string[]; count: number };

/** The arguments of the program; the text itself goes through standard input. */
function flags(request: Request): string[] {
  const list: string[] = [];
  if (request.unique) list.push("-u");
  if (request.reverse) list.push("-r");
  return list;
}

/** Starts the program once and makes an object of what it writes. */
function solve(request: Request): Answer {
  const text = request.text === "" || request.text.endsWith("\n") ? request.text : request.text + "\n";
  const done = spawnSync(PROGRAM, flags(request), {
    input: text,
    encoding: "utf8",
    timeout: 20_000,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
  });
  if (done.error) throw new Error(`${PROGRAM} cannot be started: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`${PROGRAM} failed with ${done.status}: ${done.stderr.trim()}`);
  const lines = done.stdout.split("\n").slice(0, -1);
  return { lines, count: lines.length };
}

try {
  const request = JSON.parse(readFileSync(0, "utf8")) as Request;
  console.log(JSON.stringify(solve(request)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.log(JSON.stringify({ success: false, error: message }));
  process.exitCode = 1;
}
