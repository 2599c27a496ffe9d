import { readFileSync } from "node:fs";
import * as path from "node:path";

interface Input {
  root: string;
  file: string;
  maxBytes?: number;
}

function readInput(): Input {
  return JSON.parse(readFileSync(0, "utf8"));
}

function fail(message: string): never {
  console.log(JSON.stringify({ error: message }));
  process.exit(1);
}

function safePath(root: string, file: string): string {
  const base = path.resolve(root);
  const full = path.resolve(base, file);
  if (!full.startsWith(base + path.sep)) {
    fail("the file lies outside of the root");
  }
  return full;
}

function main() {
  const input = readInput();
  if (!input.file || input.file.includes("\0")) {
    fail("no file is named");
  }
  const full = safePath(input.root, input.file);
  const text = readFileSync(full, "utf8");
  const limit = input.maxBytes || 65536;
  if (text.length > limit) {
    fail("the file has more than " + limit + " bytes");
  }
  const lines = text.split("\n");
  console.log(JSON.stringify({ path: full, lines: lines.length, text: text }));
}

main();
