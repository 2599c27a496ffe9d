const { readFileSync, readdirSync, unlinkSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");

const SUFFIX = ".bak";

const lockOf = (folder) => join(folder, ".lock");

const lock = (folder) => writeFileSync(lockOf(folder), String(process.pid), { flag: "wx" });

const unlock = (folder) => unlinkSync(lockOf(folder));

/** The backups of a folder, oldest first. */
const backups = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .sort();

const rotate = (folder, keep) => {
  lock(folder);
  const all = backups(folder);
  const removed = [];
  if (all.length <= keep) return removed;
  while (all.length > keep) {
    const oldest = all.shift();
    unlinkSync(join(folder, oldest));
    removed.push(oldest);
  }
  unlock(folder);
  return removed;
};

const { folder, keep } = JSON.parse(readFileSync(0, "utf8"));
if (!(keep >= 1)) {
  console.log(JSON.stringify({ error: "keep at least one" }));
  process.exit(1);
}
console.log(JSON.stringify({ removed: rotate(folder, keep) }));
