// Extracts matches of a regular expression from a text.

import { text } from "node:stream/consumers";

function compiled(pattern, flags) {
  try {
    return new RegExp(pattern, [...new Set(`${flags}g`)].join(""));
  } catch (error) {
    throw new Error(`not a regular expression: ${error.message.split("\n")[0]}`);
  }
}

/** Up to `limit` + 1 matches. A pattern that backtracks without end is stopped by the limits of the run. */
function matches(regex, value, limit) {
  const found = [];
  for (const match of value.matchAll(regex)) {
    found.push(match);
    if (found.length > limit) break;
  }
  return found;
}

function extract({ text: value, pattern, flags = "", limit = 1000 }) {
  const found = matches(compiled(pattern, flags), value, limit);
  let [line, at] = [1, 0];
  const rows = [];
  for (const match of found.slice(0, limit)) {
    for (; at < match.index; at++) if (value[at] === "\n") line++;
    // Without the flag u a match can end inside of a character.
    const whole = (group) => group?.toWellFormed() ?? null;
    const named = Object.entries(match.groups ?? {}).map(([name, group]) => [name, whole(group)]);
    const groups = match.groups ? Object.fromEntries(named) : match.slice(1).map(whole);
    rows.push({ line, text: whole(match[0]), groups });
  }
  return { count: rows.length, complete: found.length <= limit, matches: rows };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(extract(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
