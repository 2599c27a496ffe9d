const fs = require("fs");

function check(text) {
  const problems = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    if (line.length > 120) {
      problems.push({ line: i + 1, message: "longer than 120 characters" });
    }
    if (/\s+$/.test(line)) {
      problems.push({ line: i + 1, message: "blanks at the end" });
    }
  }
  return problems;
}

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const problems = check(input.text);
console.log(JSON.stringify({ problems: problems }));
if (problems.length > 0) {
  process.exit(3);
}
