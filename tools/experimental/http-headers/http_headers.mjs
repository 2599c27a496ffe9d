// Reads the headers of an HTTP answer and says which protections are missing.

import { realpathSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const EXPECTED = [
  ["strict-transport-security", "medium", "without it a first visit can be kept on plain HTTP"],
  ["content-security-policy", "medium", "without it any script that gets into the page runs"],
  ["x-content-type-options", "low", "without nosniff a browser may guess another type"],
];
const TELLING = ["server", "x-powered-by"];

/** Status (or null) and headers by lower-case name; a header that is repeated has a list of values. */
export function parse(raw) {
  let status = null;
  const headers = {};
  for (const [i, line] of raw.split(/\r?\n/).entries()) {
    const first = line.match(/^HTTP\/[\d.]+ (\d{3})\b/);
    if (i === 0 && first) {
      status = Number(first[1]);
      continue;
    }
    if (line.trim() === "") continue;
    const header = line.match(/^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/);
    if (!header) throw new Error(`line ${i + 1} is no header: ${JSON.stringify(line.slice(0, 60))}`);
    const name = header[1].toLowerCase();
    headers[name] = Object.hasOwn(headers, name) ? [headers[name], header[2]].flat() : header[2];
  }
  return { status, headers };
}

/** What is missing, weak or tells too much, worst first. */
export function findings(headers) {
  const found = EXPECTED.filter(([header]) => !Object.hasOwn(headers, header)).map(([header, severity, message]) => ({ severity, header, message }));
  for (const cookie of [headers["set-cookie"] ?? []].flat()) {
    const name = cookie.split("=", 1)[0];
    const missing = ["Secure", "HttpOnly", "SameSite"].filter((word) => !new RegExp(`;\\s*${word}\\b`, "i").test(cookie));
    if (missing.length) found.push({ severity: "medium", header: "set-cookie", message: `cookie ${name} lacks ${missing.join(", ")}` });
  }
  for (const header of TELLING) {
    if (/\d/.test([headers[header] ?? ""].flat().join())) found.push({ severity: "low", header, message: "names a version" });
  }
  return found.sort((a, b) => (a.severity === b.severity ? 0 : a.severity === "medium" ? -1 : 1));
}

// Run as a program only, not when a test imports it.
if (import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  const request = JSON.parse(await text(process.stdin));
  try {
    const { status, headers } = parse(request.raw);
    console.log(JSON.stringify({ status, headers, findings: findings(headers) }));
  } catch (error) {
    console.log(JSON.stringify({ success: false, error: error.message }));
    process.exitCode = 1;
  }
}
