// Compares two JSON documents.

import { text } from "node:stream/consumers";

const MOST_DEPTH = 400;

const kind = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

/** A step of a JSON pointer (RFC 6901). */
const step = (key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;

/** Keys of both values: of objects in order, of lists by position. */
function keysOf(a, b) {
  if (Array.isArray(a)) return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i);
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
}

class Comparison {
  changes = [];
  same = 0;

  compare(a, b, path, depth = 0) {
    if (depth > MOST_DEPTH) throw new Error(`the documents are nested deeper than ${MOST_DEPTH} levels`);
    const isNested = typeof a === "object" && a !== null && kind(a) === kind(b);
    if (!isNested) {
      if (Object.is(a, b)) this.same++;
      else this.changes.push({ op: "changed", path, before: a, after: b });
      return;
    }
    for (const key of keysOf(a, b)) {
      const [inA, inB] = [Object.hasOwn(a, key), Object.hasOwn(b, key)];
      if (inA && inB) this.compare(a[key], b[key], path + step(key), depth + 1);
      else if (inA) this.changes.push({ op: "removed", path: path + step(key), before: a[key] });
      else this.changes.push({ op: "added", path: path + step(key), after: b[key] });
    }
  }
}

/** The same document with lists of plain values in order, so that their order does not count. */
function sorted(value, depth = 0) {
  if (typeof value !== "object" || value === null || depth > MOST_DEPTH) return value;
  if (!Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, sorted(one, depth + 1)]));
  }
  const list = value.map((one) => sorted(one, depth + 1));
  const isPlain = list.every((one) => typeof one !== "object" || one === null);
  const text = (one) => JSON.stringify(one);
  return isPlain ? list.sort((x, y) => (text(x) < text(y) ? -1 : text(x) > text(y) ? 1 : 0)) : list;
}

function diff({ before, after, ignore_order: ignoreOrder = false, limit = 1000 }) {
  const comparison = new Comparison();
  const [a, b] = ignoreOrder ? [sorted(before), sorted(after)] : [before, after];
  comparison.compare(a, b, "");
  const { changes, same } = comparison;
  return { equal: changes.length === 0, count: changes.length, same, changes: changes.slice(0, limit) };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(diff(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
