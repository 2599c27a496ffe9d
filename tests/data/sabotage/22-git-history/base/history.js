const { execFileSync } = require("child_process");
const fs = require("fs");

function log(repository, count) {
  const out = execFileSync("git", ["-C", repository, "log", "--format=%h %s", "-n", String(count)], {
    encoding: "utf8",
    timeout: 10000,
  });
  const commits = [];
  for (const line of out.split("\n")) {
    if (line === "") {
      continue;
    }
    const at = line.indexOf(" ");
    commits.push({ id: line.substring(0, at), subject: line.substring(at + 1) });
  }
  return commits;
}

const input = JSON.parse(fs.readFileSync(0, "utf8"));
if (typeof input.repository !== "string") {
  console.log(JSON.stringify({ error: "repository is missing" }));
  process.exit(1);
}
const count = input.count || 20;
if (count > 500) {
  console.log(JSON.stringify({ error: "at most 500 commits" }));
  process.exit(1);
}
console.log(JSON.stringify({ commits: log(input.repository, count) }));
