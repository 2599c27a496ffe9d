// Sums up a coverage report in the LCOV format.

import { text } from "node:stream/consumers";

const rate = (hit, found) => (found === 0 ? undefined : Math.round((hit / found) * 1000) / 10);

/** Collects what the records of one file say. Several sections of one file add up. */
class FileCoverage {
  lines = new Map();
  functions = new Map();
  branches = new Map();

  read(key, value) {
    const cells = value.split(",");
    const last = Number(cells.at(-1));
    if (key === "DA") this.add(this.lines, cells[0], Number(cells[1]));
    else if (key === "FN") this.add(this.functions, cells.at(-1), 0);
    else if (key === "FNDA") this.add(this.functions, cells.slice(1).join(","), Number(cells[0]));
    else if (key === "BRDA") this.add(this.branches, cells.slice(0, 3).join(","), cells.at(-1) === "-" ? 0 : last);
  }

  add(counts, name, hits) {
    if (name !== undefined && Number.isFinite(hits)) counts.set(name, (counts.get(name) ?? 0) + Math.max(0, hits));
  }
}

/** Found, hit and percent. */
function summed(maps) {
  const counts = maps.flatMap((map) => [...map.values()]);
  const hit = counts.filter((count) => count > 0).length;
  return { found: counts.length, hit, percent: rate(hit, counts.length) };
}

function read(lcov) {
  const files = new Map();
  let file = null;
  for (const line of lcov.split(/\r?\n/)) {
    const [, key, value] = /^([A-Z]+):(.*)$/.exec(line.trim()) ?? [];
    if (key === "SF") {
      if (!files.has(value)) files.set(value, new FileCoverage());
      file = files.get(value);
    } else if (line.trim() === "end_of_record") file = null;
    else if (key && file) file.read(key, value);
  }
  return files;
}

function summarize({ lcov, threshold = 0, limit = 50 }) {
  const files = read(lcov);
  const all = [...files.values()];
  const rows = [...files].map(([path, one]) => {
    const uncovered = [...one.lines].filter(([, hits]) => hits === 0).map(([line]) => Number(line));
    return { path, lines: summed([one.lines]), functions: summed([one.functions]), uncovered: uncovered.slice(0, 200) };
  });
  rows.sort((a, b) => (a.lines.percent ?? 100) - (b.lines.percent ?? 100) || (a.path < b.path ? -1 : 1));
  const lines = summed(all.map((one) => one.lines));
  return {
    files: rows.length,
    lines,
    functions: summed(all.map((one) => one.functions)),
    branches: summed(all.map((one) => one.branches)),
    enough: (lines.percent ?? 100) >= threshold,
    worst: rows.slice(0, limit),
  };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(summarize(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
