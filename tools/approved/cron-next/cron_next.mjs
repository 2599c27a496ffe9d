// Explains a cron expression and computes when it fires next, in UTC.

import { text } from "node:stream/consumers";

const FIELDS = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of the month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] },
  { name: "day of the week", least: 0, most: 7, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];
const SHORT = {
  "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
};
const MOST_DAYS = 366 * 9;

const quoted = (text) => JSON.stringify([...text].slice(0, 40).join(""));

function number(text, field) {
  const word = field.words?.indexOf(text.toLowerCase()) ?? -1;
  const value = word >= 0 ? word + (field.least === 1 ? 1 : 0) : /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (!(value >= field.least && value <= field.most)) {
    throw new Error(`${quoted(text)} is no ${field.name} (${field.least} to ${field.most})`);
  }
  return value;
}

/** The values of one part of a list: `*`, `5`, `1-5`, each with `/step`. */
function part(text, field) {
  const [range, every, more] = text.split("/");
  if (more !== undefined || (every !== undefined && !/^[1-9]\d?$/.test(every))) {
    throw new Error(`${quoted(text)} is no step of a ${field.name}`);
  }
  const [from, to] = range === "*" ? [field.least, field.most] : range.split("-").map((one) => number(one, field));
  const last = to ?? (every ? field.most : from);
  if (last < from) throw new Error(`${JSON.stringify(range)} goes backwards`);
  const step = Number(every ?? 1);
  return Array.from({ length: Math.floor((last - from) / step) + 1 }, (_, i) => from + i * step);
}

function parse(expression) {
  const short = SHORT[expression.trim().toLowerCase()];
  const parts = (short ?? expression).trim().split(/\s+/);
  if (parts.length !== 5) throw new Error(`a cron expression has five fields, this one has ${parts[0] ? parts.length : 0}`);
  const sets = parts.map((text, i) => new Set(text.split(",").flatMap((one) => part(one, FIELDS[i]))));
  if (sets[4].delete(7)) sets[4].add(0);
  return { parts, sets };
}

/** Where both days are restricted, one of them is enough, as in cron. */
function dayFits({ parts, sets }, date) {
  const [ofMonth, ofWeek] = [sets[2].has(date.getUTCDate()), sets[4].has(date.getUTCDay())];
  const both = !parts[2].startsWith("*") && !parts[4].startsWith("*");
  return sets[3].has(date.getUTCMonth() + 1) && (both ? ofMonth || ofWeek : ofMonth && ofWeek);
}

function next(cron, after, count) {
  const [hours, minutes] = [cron.sets[1], cron.sets[0]].map((set) => [...set].sort((a, b) => a - b));
  const day = new Date(after);
  day.setUTCHours(0, 0, 0, 0);
  const found = [];
  for (let days = 0; days < MOST_DAYS && found.length < count; days++, day.setUTCDate(day.getUTCDate() + 1)) {
    if (!dayFits(cron, day)) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        const time = new Date(day).setUTCHours(hour, minute);
        if (time > after && found.length < count) found.push(new Date(time).toISOString().replace(":00.000Z", "Z"));
      }
    }
  }
  return found;
}

function words({ parts }) {
  const one = (text, i) => (text === "*" ? `every ${FIELDS[i].name}` : `${FIELDS[i].name} ${text}`);
  return parts.map(one).join(", ");
}

function explain({ expression, after, count = 5 }) {
  const cron = parse(expression);
  const from = after === undefined ? Date.now() : Date.parse(after);
  if (Number.isNaN(from) || Math.abs(from) > 8e15) throw new Error("after is not a time such as 2026-01-02T03:04:00Z");
  const times = next(cron, from, count);
  return { words: words(cron), next: times, fires: times.length > 0 };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(explain(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
