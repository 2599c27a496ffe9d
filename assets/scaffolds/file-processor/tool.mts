import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const MOST_BYTES = 8_000_000;

type Request = { path?: string };
type Answer = { bytes: number; lines: number; words: number; longest: number };

/** The file that is meant: inside of the workspace, or the sample beside this tool. */
function find(workspace: string, path: string): string {
  if (path === "") return join(dirname(fileURLToPath(import.meta.url)), "sample.txt");
  const root = resolve(workspace);
  const inside = (file: string, of: string) => !relative(of, file).startsWith("..");
  const file = resolve(root, path);
  if (!inside(file, root)) throw new Error("the file is outside of the workspace");
  let real: string;
  try {
    real = realpathSync(file);
  } catch {
    throw new Error("there is no such file");
  }
  // A link may lead out of it.
  if (!inside(real, realpathSync(root))) throw new Error("the file is outside of the workspace");
  return real;
}

/** Counts what is in a file. */
function solve(workspace: string, request: Request): Answer {
  const file = find(workspace, request.path ?? "");
  const facts = statSync(file);
  if (!facts.isFile()) throw new Error("there is no such file");
  if (facts.size > MOST_BYTES) throw new Error(`the file has more than ${MOST_BYTES} bytes`);
  const data = readFileSync(file).toString("latin1");
  const lines = data.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return {
    bytes: data.length,
    lines: lines.length,
    words: data.split(/[ \t\n\v\f\r]+/).filter((word) => word !== "").length,
    longest: lines.reduce((most, line) => Math.max(most, line.length), 0),
  };
}

try {
  const request = JSON.parse(readFileSync(0, "utf8")) as Request;
  console.log(JSON.stringify(solve(process.argv[2] ?? ".", request)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.log(JSON.stringify({ success: false, error: message }));
  process.exitCode = 1;
}
