// Sums up a patch as git and diff -u write it.

import { text } from "node:stream/consumers";

/** The path of a line such as `+++ b/src/x`, without quotes, prefix and time; empty for /dev/null. */
function pathOf(line) {
  let path = line.slice(4).split("\t")[0].trim();
  if (path.startsWith('"') && path.endsWith('"')) path = path.slice(1, -1);
  return path === "/dev/null" ? "" : path.replace(/^[abciow]\//, "");
}

class Summary {
  files = [];
  file = null;
  // Lines of the hunk that are still to come, on each side.
  before = 0;
  after = 0;

  begin(path, facts = {}) {
    this.file = { path, status: "changed", added: 0, removed: 0, ...facts };
    this.files.push(this.file);
  }

  /** A line inside of a hunk. */
  body(line) {
    const sign = line[0] ?? " ";
    if (sign === "+") {
      this.file.added++;
      this.after--;
    } else if (sign === "-") {
      this.file.removed++;
      this.before--;
    } else if (sign !== "\\") {
      this.before--;
      this.after--;
    }
  }

  /** A line between hunks. */
  head(line) {
    const [, old, now] = /^diff --git "?a\/(.*?)"? "?b\/(.*?)"?$/.exec(line) ?? [];
    const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (now !== undefined) this.begin(now, { old });
    else if (line.startsWith("--- ")) this.oldPath = pathOf(line);
    else if (line.startsWith("+++ ")) this.newPath(pathOf(line));
    else if (hunk && this.file) [this.before, this.after] = [Number(hunk[1] ?? 1), Number(hunk[2] ?? 1)];
    else if (this.file) this.fact(line);
  }

  newPath(path) {
    // A patch of plain diff has no line that begins a file.
    if (!this.file || this.file.named) this.begin(path || this.oldPath);
    Object.assign(this.file, { named: true, path: path || this.oldPath });
    if (!path) this.file.status = "deleted";
    else if (!this.oldPath) this.file.status = "added";
  }

  fact(line) {
    if (line.startsWith("new file mode")) this.file.status = "added";
    else if (line.startsWith("deleted file mode")) this.file.status = "deleted";
    else if (line.startsWith("rename from ")) Object.assign(this.file, { status: "renamed", from: line.slice(12) });
    else if (line.startsWith("Binary files ") || line === "GIT binary patch") this.file.binary = true;
  }
}

function stat({ patch }) {
  const summary = new Summary();
  for (const line of patch.split(/\r?\n/)) {
    if (summary.file && (summary.before > 0 || summary.after > 0)) summary.body(line);
    else summary.head(line);
  }
  const files = summary.files.map(({ old: _old, named: _named, ...file }) => file);
  const total = (key) => files.reduce((sum, file) => sum + file[key], 0);
  return { files, added: total("added"), removed: total("removed") };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(stat(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
