// Makes a Markdown table from rows.

import { text } from "node:stream/consumers";

const SEGMENTER = new Intl.Segmenter("en");
const WIDE = /\p{Extended_Pictographic}|[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6]/u;

/** Columns that a text takes in a terminal. */
function width(value) {
  let total = 0;
  for (const { segment } of SEGMENTER.segment(value)) total += WIDE.test(segment) ? 2 : 1;
  return total;
}

/** A value as the text of one cell. */
function cell(value) {
  if (value === null || value === undefined) return "";
  const plain = typeof value === "string" ? value : JSON.stringify(value);
  return plain.replace(/\\?\|/g, "\\|").replace(/\s*[\r\n]+\s*/g, "<br>").trim();
}

const isNumber = (value) => typeof value === "number";

function padded(value, size, right) {
  const blanks = " ".repeat(Math.max(0, size - width(value)));
  return right ? blanks + value : value + blanks;
}

function table({ rows, columns }) {
  const names = columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return { markdown: "", rows: 0, columns: [] };
  const of = (row, name) => (Object.hasOwn(row, name) ? row[name] : undefined);
  const right = names.map((name) => {
    const values = rows.map((row) => of(row, name)).filter((value) => value !== null && value !== undefined);
    return values.length > 0 && values.every(isNumber);
  });
  const heads = names.map(cell);
  const body = rows.map((row) => names.map((name) => cell(of(row, name))));
  const sizes = heads.map((head, i) => Math.max(3, width(head), ...body.slice(0, 5000).map((row) => width(row[i]))));
  const line = (cells) => `| ${cells.map((value, i) => padded(value, sizes[i], right[i])).join(" | ")} |`;
  const rule = `| ${sizes.map((size, i) => (right[i] ? `${"-".repeat(size - 1)}:` : "-".repeat(size))).join(" | ")} |`;
  return { markdown: [line(heads), rule, ...body.map(line)].join("\n"), rows: rows.length, columns: names };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(table(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
