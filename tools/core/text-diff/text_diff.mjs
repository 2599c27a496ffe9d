// Says in numbers and hunks what changed between two texts.

import { realpathSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

/** Lines without their ends; a text that ends with a line end has no empty last line. */
function lines(value) {
  const parts = value.split(/\r?\n/);
  if (parts.at(-1) === "") parts.pop();
  return parts;
}

// Memory grows with the square of the rounds: 1,500 of them take about 60 MB.
const MOST_ROUNDS = 1500;

/**
 * The shortest edit between two lists (Myers, forward, one saved front a round): a list of
 * [sign, line], sign one of " ", "-", "+". Texts that differ in more than MOST_ROUNDS lines
 * between their common start and end are told as "all removed, all added".
 */
function edits(a, b) {
  const most = Math.min(a.length + b.length, MOST_ROUNDS);
  const front = new Map([[1, 0]]);
  const saved = [];
  for (let d = 0; d <= most; d++) {
    saved.push(new Map(front));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
      let x = down ? front.get(k + 1) : front.get(k - 1) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) x++, y++;
      front.set(k, x);
      if (x >= a.length && y >= b.length) return walkBack(a, b, saved, d);
    }
  }
  return withoutCommonEnds(a, b);
}

function withoutCommonEnds(a, b) {
  const shorter = Math.min(a.length, b.length);
  let [start, end] = [0, 0];
  while (start < shorter && a[start] === b[start]) start++;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const mark = (sign, list) => list.map((line) => [sign, line]);
  return [
    ...mark(" ", a.slice(0, start)),
    ...mark("-", a.slice(start, a.length - end)),
    ...mark("+", b.slice(start, b.length - end)),
    ...mark(" ", a.slice(a.length - end)),
  ];
}

function walkBack(a, b, saved, rounds) {
  const found = [];
  let [x, y] = [a.length, b.length];
  for (let d = rounds; d >= 0; d--) {
    const front = saved[d];
    const k = x - y;
    const down = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
    const previous = down ? k + 1 : k - 1;
    const [px, py] = d === 0 ? [0, 0] : [front.get(previous), front.get(previous) - previous];
    while (x > px && y > py && a[x - 1] === b[y - 1]) found.push([" ", a[--x]]), y--;
    if (d > 0) found.push(down ? ["+", b[--y]] : ["-", a[--x]]);
  }
  return found.reverse();
}

/** Groups changed lines, with `context` unchanged ones around them, into hunks. */
function hunks(script, context) {
  const changed = script.flatMap(([sign], i) => (sign === " " ? [] : [i]));
  const ranges = [];
  for (const at of changed) {
    const last = ranges.at(-1);
    if (last && at - context <= last[1] + 1) last[1] = Math.min(script.length - 1, at + context);
    else ranges.push([Math.max(0, at - context), Math.min(script.length - 1, at + context)]);
  }
  return ranges.map(([from, to]) => {
    const before = script.slice(0, from);
    const body = script.slice(from, to + 1);
    const count = (list, sign) => list.filter(([s]) => s === " " || s === sign).length;
    const range = (sign) => {
      const length = count(body, sign);
      return `${count(before, sign) + (length > 0 ? 1 : 0)},${length}`;
    };
    return `@@ -${range("-")} +${range("+")} @@\n${body.map(([s, l]) => s + l).join("\n")}`;
  });
}

/** What changed from `before` to `after`. */
export function summary(before, after, context = 1) {
  const script = edits(lines(before), lines(after));
  const count = (sign) => script.filter(([s]) => s === sign).length;
  return { added: count("+"), removed: count("-"), unchanged: count(" "), hunks: hunks(script, context) };
}

// Run as a program only, not when a test imports it.
if (import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const request = JSON.parse(await text(process.stdin));
  console.log(JSON.stringify(summary(request.before, request.after, request.context ?? 1)));
}
