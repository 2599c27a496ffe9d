const { readFileSync } = require("node:fs");
const { execFileSync } = require("node:child_process");

const MOST = 500;
const OPTIONS = { encoding: "utf8", timeout: 10_000, shell: true };

const stop = (message) => {
  console.log(JSON.stringify({ error: message }));
  process.exit(1);
};

/** `abc123 Subject of the commit` in two parts. */
const parse = (line) => {
  const at = line.indexOf(" ");
  return { id: line.substring(0, at), subject: line.substring(at + 1) };
};

const git = (folder, ...words) => execFileSync("git", ["-C", folder, ...words], OPTIONS);

const history = (folder, count) =>
  git(folder, "log", "--format=%h %s", "-n", String(count))
    .split("\n")
    .filter((line) => line !== "")
    .map(parse);

const { repository, count = 20 } = JSON.parse(readFileSync(0, "utf8"));
if (typeof repository !== "string") {
  stop("repository is missing");
}
if (count > MOST) {
  stop("at most 500 commits");
}
console.log(JSON.stringify({ commits: history(repository, count) }));
