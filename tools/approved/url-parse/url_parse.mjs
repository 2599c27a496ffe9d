// Takes a web address apart. Nothing is fetched.

import { text } from "node:stream/consumers";

const PORTS = { "http:": 80, "https:": 443, "ftp:": 21, "ws:": 80, "wss:": 443 };

/** What a reader should notice before opening the address. */
function notes(url, written) {
  const found = [];
  if (url.username || url.password) found.push("has a user name or password in it");
  if (url.protocol === "http:") found.push("is not encrypted");
  if (url.hostname.split(".").some((part) => part.startsWith("xn--"))) found.push("has a host name in other letters");
  if (/^\d+\.\d+\.\d+\.\d+$/.test(url.hostname) || url.hostname.startsWith("[")) found.push("names an IP address");
  if (/[\s\\]/.test(written.trim())) found.push("has blanks or backslashes that browsers change");
  return found;
}

function parse({ url: written, base }) {
  let url;
  try {
    url = new URL(written, base === undefined || base === "" ? undefined : base);
  } catch {
    throw new Error(base ? "not an address, not even relative to the base" : "not an absolute address; give a base");
  }
  const query = {};
  for (const [key, value] of url.searchParams) {
    if (!Object.hasOwn(query, key)) Object.defineProperty(query, key, { value: [], enumerable: true });
    query[key].push(value);
  }
  return {
    href: url.href,
    scheme: url.protocol.slice(0, -1),
    host: url.hostname,
    port: url.port === "" ? PORTS[url.protocol] : Number(url.port),
    path: url.pathname,
    query,
    fragment: url.hash.slice(1),
    notes: notes(url, written),
  };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(parse(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
