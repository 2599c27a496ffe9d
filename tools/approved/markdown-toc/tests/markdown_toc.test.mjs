// Run with: node --test tests/

import assert from "node:assert/strict";
import { test } from "node:test";
import { toc } from "../markdown_toc.mjs";

test("links and code in a title are shown without their marks", () => {
  assert.equal(toc("## The [`run`](x.md) verb").toc, "- [The run verb](#the-run-verb)");
});

test("letters of any script stay in the anchor", () => {
  assert.equal(toc("## Größe 大小").toc, "- [Größe 大小](#größe-大小)");
});

test("a fence ends only at a fence of its own kind", () => {
  assert.equal(toc("~~~~\n```\n~~~\n## no\n~~~~\n## yes").headings, 1);
});
