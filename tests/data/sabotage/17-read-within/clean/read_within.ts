import { readFileSync } from "node:fs";
import { resolve, sep } from "node:path";

type Input = { root: string; file: string; maxBytes?: number };

const DEFAULT_LIMIT = 64 * 1024;

const fail = (message: string): never => {
  console.log(JSON.stringify({ error: message }));
  process.exit(1);
};

/** The absolute path of a file below a root. */
const within = (root: string, file: string): string => {
  const top = resolve(root);
  const target = resolve(top, file);
  if (!target.startsWith(`${top}${sep}`)) {
    fail("the file lies outside of the root");
  }
  return target;
};

const read = (target: string, limit: number): string => {
  const content = readFileSync(target, "utf8");
  if (content.length > limit) {
    fail(`the file has more than ${limit} bytes`);
  }
  return content;
};

const { root, file, maxBytes = DEFAULT_LIMIT }: Input = JSON.parse(readFileSync(0, "utf8"));
if (!file || file.includes("\0")) {
  fail("no file is named");
}
const target = within(root, file);
const text = read(target, maxBytes);
console.log(JSON.stringify({ path: target, lines: text.split("\n").length, text }));
