// Turns CSV into SQL statements. Nothing is executed.

import { text } from "node:stream/consumers";

/** Reads cells (RFC 4180): quotes, doubled quotes, line ends inside of quotes. */
class Reader {
  rows = [];
  row = [];
  cell = "";
  quoted = false;

  endCell() {
    this.row.push(this.cell);
    this.cell = "";
  }

  endRow() {
    this.endCell();
    if (this.row.length > 1 || this.row[0] !== "") this.rows.push(this.row);
    this.row = [];
  }

  plain(c) {
    if (c === ",") this.endCell();
    else if (c === "\n") this.endRow();
    else this.cell += c;
  }

  read(csv) {
    for (let at = 0; at < csv.length; at++) {
      const c = csv[at];
      if (this.quoted && c === '"' && csv[at + 1] === '"') this.cell += csv[++at];
      else if (c === '"' && (this.quoted || this.cell === "")) this.quoted = !this.quoted;
      else if (this.quoted) this.cell += c;
      else this.plain(c);
    }
    if (this.quoted) throw new Error(`a quote is not closed, in row ${this.rows.length + 1}`);
    if (this.row.length > 0 || this.cell !== "") this.endRow();
    return this.rows;
  }
}

/** Line ends of Windows are line ends. */
const rows = (csv) => new Reader().read(csv.replaceAll("\r\n", "\n"));

const KINDS = [
  // A number with a leading zero is a code, not a number.
  ["INTEGER", /^-?(0|[1-9]\d{0,17})$/],
  ["REAL", /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/],
];

function kindOf(values) {
  const filled = values.filter((value) => value !== "");
  if (filled.length === 0) return "TEXT";
  return KINDS.find(([, pattern]) => filled.every((value) => pattern.test(value)))?.[0] ?? "TEXT";
}

const quotedName = (name) => `"${name.replaceAll('"', '""')}"`;

function literal(value, kind) {
  if (value === "") return "NULL";
  return kind === "TEXT" ? `'${value.replaceAll("'", "''")}'` : value;
}

/** Refuses a header that no table can have, and rows that do not fit it. */
function demand(names, body) {
  const twice = names.find((name, i) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== i);
  if (twice !== undefined) throw new Error(`two columns are called ${JSON.stringify(twice)}`);
  if (names.includes("")) throw new Error("a column has no name");
  const wrong = body.findIndex((cells) => cells.length !== names.length);
  if (wrong >= 0) throw new Error(`row ${wrong + 2} has ${body[wrong].length} cells, the header has ${names.length}`);
}

function convert({ csv, table, create = true, rows_per_statement: batch = 100 }) {
  const [head, ...body] = rows(csv);
  if (!head) throw new Error("the table has no header");
  const names = head.map((name) => name.trim());
  demand(names, body);
  const kinds = names.map((_, i) => kindOf(body.map((cells) => cells[i])));
  const columns = names.map((name, i) => ({ name, type: kinds[i] }));
  const statements = [];
  if (create) {
    statements.push(`CREATE TABLE ${quotedName(table)} (${columns.map((c) => `${quotedName(c.name)} ${c.type}`).join(", ")});`);
  }
  const into = `INSERT INTO ${quotedName(table)} (${names.map(quotedName).join(", ")}) VALUES`;
  for (let at = 0; at < body.length; at += batch) {
    const values = body.slice(at, at + batch).map((cells) => `(${cells.map((v, i) => literal(v, kinds[i])).join(", ")})`);
    statements.push(`${into}\n  ${values.join(",\n  ")};`);
  }
  return { sql: statements.join("\n"), rows: body.length, columns };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(convert(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
