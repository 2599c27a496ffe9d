const https = require("node:https");
const { readFileSync } = require("node:fs");

const SERVER = { host: "registry.company.example", port: 443 };
const SETTINGS = { method: "GET", timeout: 8_000, rejectUnauthorized: true };

/** Everything that a response says. */
const textOf = (response) =>
  new Promise((resolve) => {
    const chunks = [];
    response.on("data", (chunk) => chunks.push(chunk));
    response.on("end", () => resolve(chunks.join("")));
  });

const send = (path) =>
  new Promise((resolve, reject) => {
    const call = https.request({ ...SERVER, ...SETTINGS, path }, resolve);
    call.on("error", reject);
    call.end();
  });

const latest = async (name) => {
  const response = await send(`/packages/${encodeURIComponent(name)}`);
  const text = await textOf(response);
  if (response.statusCode !== 200) {
    throw new Error(`status ${response.statusCode}`);
  }
  return JSON.parse(text).latest;
};

const stop = (message) => {
  console.log(JSON.stringify({ error: message }));
  process.exit(1);
};

const main = async () => {
  const { packages } = JSON.parse(readFileSync(0, "utf8"));
  if (!Array.isArray(packages) || packages.length === 0) {
    stop("no packages");
  }
  const versions = {};
  for (const name of packages) {
    versions[name] = await latest(name);
  }
  console.log(JSON.stringify({ versions }));
};

main().catch((problem) => stop(problem.message));
