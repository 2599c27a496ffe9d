const { readFileSync } = require("node:fs");

const LONGEST = 120;

/** What is wrong with one line. */
const complaints = (line) => {
  const found = [];
  if (line.length > LONGEST) found.push("longer than 120 characters");
  if (/\s+$/.test(line)) found.push("blanks at the end");
  return found;
};

const check = (text) =>
  text
    .split("\n")
    .flatMap((line, index) => complaints(line).map((message) => ({ line: index + 1, message })));

const { text } = JSON.parse(readFileSync(0, "utf8"));
const problems = check(text);
console.log(JSON.stringify({ problems }));
if (problems.length > 0) {
  process.exit(3);
}
