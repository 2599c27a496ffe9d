const fs = require("fs");
const path = require("path");

function acquire(folder) {
  const lock = path.join(folder, ".lock");
  fs.writeFileSync(lock, String(process.pid), { flag: "wx" });
  return lock;
}

function rotate(folder, keep) {
  const lock = acquire(folder);
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".bak"));
  names.sort();
  const removed = [];
  while (names.length > keep) {
    const name = names.shift();
    fs.unlinkSync(path.join(folder, name));
    removed.push(name);
  }
  fs.unlinkSync(lock);
  return removed;
}

const input = JSON.parse(fs.readFileSync(0, "utf8"));
if (!(input.keep >= 1)) {
  console.log(JSON.stringify({ error: "keep at least one" }));
  process.exit(1);
}
const removed = rotate(input.folder, input.keep);
console.log(JSON.stringify({ removed: removed }));
