// Run with: node --test tests/

import assert from "node:assert/strict";
import { test } from "node:test";
import { summary } from "../text_diff.mjs";

test("an empty text has no lines", () => {
  assert.deepEqual(summary("", "a\n"), { added: 1, removed: 0, unchanged: 0, hunks: ["@@ -0,0 +1,1 @@\n+a"] });
});

test("windows line ends are line ends", () => {
  assert.equal(summary("a\r\nb\r\n", "a\nb\n").hunks.length, 0);
});

test("the edit leads from the old text to the new one", () => {
  const pick = (seed) => Array.from({ length: 40 }, (_, i) => "abc"[(seed * (i + 3) * 7 + (i >> 2)) % 3]);
  for (let seed = 1; seed < 30; seed++) {
    const [a, b] = [pick(seed), pick(seed + 11)];
    const body = summary(a.join("\n"), b.join("\n"), 100).hunks.join("\n").split("\n").slice(1);
    const side = (sign) => body.filter((l) => l[0] === " " || l[0] === sign).map((l) => l.slice(1));
    if (body.length) assert.deepEqual([side("-"), side("+")], [a, b]);
  }
});

test("texts that have nearly nothing in common are told as a whole", () => {
  const text = (word) => ["start", ...Array.from({ length: 4000 }, (_, i) => word + i), "end"].join("\n");
  const { added, removed, unchanged } = summary(text("a"), text("b"));
  assert.deepEqual([added, removed, unchanged], [4000, 4000, 2]);
});
