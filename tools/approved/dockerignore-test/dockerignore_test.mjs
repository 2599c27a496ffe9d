// Says which paths a .dockerignore leaves out, by the rules of docker: the last matching line counts.

import { text } from "node:stream/consumers";

/** A pattern as a regular expression: * and ? stop at slashes, ** does not. */
function compiled(pattern) {
  let [source, at] = ["", 0];
  while (at < pattern.length) {
    const c = pattern[at];
    if (pattern.startsWith("**/", at)) [source, at] = [source + "(?:.*/)?", at + 3];
    else if (pattern.startsWith("**", at)) [source, at] = [source + ".*", at + 2];
    else if (c === "*") [source, at] = [source + "[^/]*", at + 1];
    else if (c === "?") [source, at] = [source + "[^/]", at + 1];
    else if (c === "\\" && at + 1 < pattern.length) [source, at] = [source + escaped(pattern[at + 1]), at + 2];
    else [source, at] = [source + escaped(c), at + 1];
  }
  // What matches a folder matches everything below it.
  return new RegExp(`^${source}(?:/.*)?$`, "s");
}

const escaped = (c) => c.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

const cleaned = (path) => path.split("/").filter((part) => part !== "" && part !== ".").join("/");

function rules(ignore) {
  const found = [];
  for (const [index, line] of ignore.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    const text = line.trim();
    if (line.startsWith("#") || text === "" || text === "!") continue;
    const keeps = text.startsWith("!");
    const pattern = cleaned(keeps ? text.slice(1).trim() : text);
    if (pattern !== "") found.push({ line: index + 1, text, keeps, regex: compiled(pattern) });
  }
  return found;
}

function test({ ignore, paths }) {
  const all = rules(ignore);
  const results = paths.map((path) => {
    const rule = all.findLast(({ regex }) => regex.test(cleaned(path)));
    const ignored = rule !== undefined && !rule.keeps;
    return { path, ignored, line: rule?.line, rule: rule?.text };
  });
  return { ignored: results.filter((one) => one.ignored).length, results };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(test(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
