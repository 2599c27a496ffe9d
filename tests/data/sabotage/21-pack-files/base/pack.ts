import * as fs from "fs";
import * as os from "os";
import * as path from "path";

function pack(files: string[], out: string): number {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), "pack-"));
  let total = 0;
  try {
    for (const file of files) {
      const copy = path.join(work, path.basename(file));
      fs.copyFileSync(file, copy);
      total = total + fs.statSync(copy).size;
    }
    if (total > 50000000) {
      throw new Error("more than 50 MB");
    }
    const list = fs.readdirSync(work).sort();
    fs.writeFileSync(out, list.join("\n"), { mode: 0o600 });
  } finally {
    fs.rmSync(work, { recursive: true });
  }
  return total;
}

function main() {
  const input = JSON.parse(fs.readFileSync(0, "utf8"));
  if (input.files.length === 0) {
    console.log(JSON.stringify({ error: "no files" }));
    process.exit(1);
  }
  try {
    console.log(JSON.stringify({ bytes: pack(input.files, input.out) }));
  } catch (error) {
    console.log(JSON.stringify({ error: (error as Error).message }));
    process.exit(1);
  }
}

main();
