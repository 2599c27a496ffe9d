// Shows what a JSON Web Token says. Whether it is genuine is not verified.

import { text } from "node:stream/consumers";

function part(value, what) {
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(value)) throw new Error(`the ${what} is not base64url`);
  let found;
  try {
    found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(value, "base64url")));
  } catch {
    throw new Error(`the ${what} is not JSON`);
  }
  if (found === null || typeof found !== "object" || Array.isArray(found)) throw new Error(`the ${what} is not an object`);
  return found;
}

/** Seconds since 1970 as a time; nothing for anything else. */
function time(seconds) {
  const date = typeof seconds === "number" ? new Date(seconds * 1000) : new Date(NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function decode({ token, now }) {
  const parts = token.trim().replace(/^Bearer\s+/i, "").split(".");
  if (parts.length === 5) throw new Error("the token is encrypted, so it cannot be read without its key");
  if (parts.length !== 3) throw new Error(`a token has three parts, this one has ${parts.length}`);
  const [header, claims] = [part(parts[0], "header"), part(parts[1], "payload")];
  const at = now === undefined ? Date.now() : Date.parse(now);
  if (Number.isNaN(at)) throw new Error("now is not a time such as 2026-01-02T03:04:05Z");
  const warnings = ["the signature was not verified"];
  if (String(header.alg).toLowerCase() === "none") warnings.push("it has no signature");
  if (typeof claims.exp !== "number") warnings.push("it never expires");
  return {
    header,
    claims,
    issued: time(claims.iat),
    expires: time(claims.exp),
    expired: typeof claims.exp === "number" && claims.exp * 1000 <= at,
    active: typeof claims.nbf !== "number" || claims.nbf * 1000 <= at,
    warnings,
  };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(decode(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
