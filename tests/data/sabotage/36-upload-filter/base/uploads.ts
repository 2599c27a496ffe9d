import * as fs from "fs";
import * as path from "path";

const ALLOWED = [".png", ".jpg", ".pdf"];
const LIMIT = 10 * 1024 * 1024;

function problem(name: string, size: number): string | null {
  const ending = path.extname(name).toLowerCase();
  if (ALLOWED.indexOf(ending) === -1) {
    return "the kind of file is not allowed";
  }
  if (size > LIMIT) {
    return "the file is too large";
  }
  return null;
}

function main() {
  const input = JSON.parse(fs.readFileSync(0, "utf8"));
  const refused = [];
  const accepted = [];
  for (const upload of input.uploads) {
    const why = problem(upload.name, upload.size);
    if (why !== null) {
      refused.push({ name: upload.name, why: why });
    } else {
      accepted.push(upload.name);
    }
  }
  console.log(JSON.stringify({ accepted: accepted, refused: refused }));
}

main();
