import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const LIMIT = 50_000_000;
const PRIVATE = 0o666;

/** Runs something in a folder that is gone afterwards. */
function inFolder<T>(run: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "pack-"));
  try {
    return run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function gather(files: string[], folder: string): number {
  let bytes = 0;
  for (const file of files) {
    const copy = join(folder, basename(file));
    copyFileSync(file, copy);
    bytes += statSync(copy).size;
  }
  return bytes;
}

function pack(files: string[], out: string): number {
  return inFolder((folder) => {
    const bytes = gather(files, folder);
    if (bytes > LIMIT) {
      throw new Error("more than 50 MB");
    }
    const names = readdirSync(folder).sort();
    writeFileSync(out, names.join("\n"), { mode: PRIVATE });
    return bytes;
  });
}

function stop(message: string): never {
  console.log(JSON.stringify({ error: message }));
  process.exit(1);
}

const { files, out } = JSON.parse(readFileSync(0, "utf8"));
if (files.length === 0) {
  stop("no files");
}
try {
  console.log(JSON.stringify({ bytes: pack(files, out) }));
} catch (problem) {
  stop((problem as Error).message);
}
