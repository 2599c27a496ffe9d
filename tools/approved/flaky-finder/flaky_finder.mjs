// Finds flaky tests in results of several runs.

import { text } from "node:stream/consumers";

/** Results by test, in the order in which they came. */
function byTest(results) {
  const tests = new Map();
  for (const { test, passed, commit = "" } of results) {
    if (!tests.has(test)) tests.set(test, []);
    tests.get(test).push({ passed, commit });
  }
  return tests;
}

/** Commits on which a test both passed and failed. */
function contradictions(runs) {
  const seen = new Map();
  for (const { passed, commit } of runs) {
    if (!seen.has(commit)) seen.set(commit, new Set());
    seen.get(commit).add(passed);
  }
  return [...seen].filter(([, outcomes]) => outcomes.size === 2).map(([commit]) => commit);
}

function judge([test, runs]) {
  const failed = runs.filter((run) => !run.passed).length;
  const flips = runs.filter((run, i) => i > 0 && run.passed !== runs[i - 1].passed).length;
  const commits = contradictions(runs);
  const verdict = failed === 0 ? "stable" : commits.length > 0 ? "flaky" : failed === runs.length ? "broken" : "changed";
  const failure_rate = Math.round((failed / runs.length) * 1000) / 1000;
  return { test, verdict, runs: runs.length, failed, flips, failure_rate, commits };
}

const ORDER = ["flaky", "broken", "changed", "stable"];

function find({ results, minimum_runs: least = 2 }) {
  const judged = [...byTest(results)].filter(([, runs]) => runs.length >= least).map(judge);
  const rank = ({ verdict }) => ORDER.indexOf(verdict);
  judged.sort((a, b) => rank(a) - rank(b) || b.flips - a.flips || (a.test < b.test ? -1 : 1));
  const counts = Object.fromEntries(ORDER.map((word) => [word, judged.filter((one) => one.verdict === word).length]));
  return { tests: judged.length, ...counts, suspects: judged.filter((one) => one.verdict !== "stable") };
}

const request = JSON.parse(await text(process.stdin));
try {
  console.log(JSON.stringify(find(request)));
} catch (error) {
  console.log(JSON.stringify({ success: false, error: error.message }));
  process.exitCode = 1;
}
