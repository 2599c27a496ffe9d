// Run with: node --test tests/

import assert from "node:assert/strict";
import { test } from "node:test";
import { findings, parse } from "../http_headers.mjs";

test("a protected answer has no findings", () => {
  const { headers } = parse("strict-transport-security: max-age=1\ncontent-security-policy: x\nx-content-type-options: nosniff\nset-cookie: a=1; Secure; HttpOnly; SameSite=Lax");
  assert.deepEqual(findings(headers), []);
});

test("a name like __proto__ is a header like any other", () => {
  assert.deepEqual(Object.keys(parse("constructor: 1").headers), ["constructor"]);
});
