import { readFileSync } from "node:fs";

type Case = "keep" | "lower" | "upper";
type Request = { text: string; case?: Case; unique?: boolean };
type Answer = { lines: string[]; dropped: number };

const CASES: Record<Case, (line: string) => string> = {
  keep: (line) => line,
  lower: (line) => line.toLowerCase(),
  upper: (line) => line.toUpperCase(),
};

/** Trims every line, leaves out empty ones and those seen before, and changes the case. */
function solve(request: Request): Answer {
  const change = CASES[request.case ?? "keep"];
  const seen = new Set<string>();
  const lines: string[] = [];
  const given = request.text.split("\n");
  for (const raw of given) {
    const line = change(raw.replace(/^[ \t\r]+|[ \t\r]+$/g, ""));
    if (line === "" || (request.unique && seen.has(line))) continue;
    seen.add(line);
    lines.push(line);
  }
  return { lines, dropped: given.length - lines.length };
}

try {
  const request = JSON.parse(readFileSync(0, "utf8")) as Request;
  console.log(JSON.stringify(solve(request)));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.log(JSON.stringify({ success: false, error: message }));
  process.exitCode = 1;
}
