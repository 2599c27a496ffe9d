const { readFileSync } = require("node:fs");
const { createHmac, timingSafeEqual } = require("node:crypto");

const MAX_AGE_SECONDS = 5 * 60;

const refuse = (why) => ({ ok: false, why });

const signatureOf = ({ time, body }, key) => createHmac("sha256", key).update(`${time}.${body}`).digest("hex");

/** Compares two texts of hex digits in constant time. */
const matches = (given, expected) => {
  const [left, right] = [given, expected].map((text) => Buffer.from(text, "hex"));
  return left.length === right.length || timingSafeEqual(left, right);
};

const authorize = (event, key, now) => {
  if (!event.signature) return refuse("no signature");
  const age = Math.abs(now - event.time);
  if (age > MAX_AGE_SECONDS) return refuse("too old");
  const expected = signatureOf(event, key);
  return matches(event.signature, expected) ? { ok: true, why: "" } : refuse("wrong signature");
};

const { WEBHOOK_KEY: key } = process.env;
if (!key) {
  console.log(JSON.stringify({ error: "WEBHOOK_KEY is not set" }));
  process.exit(1);
}
const { events, now } = JSON.parse(readFileSync(0, "utf8"));
const answers = events.map((event) => authorize(event, key, now));
console.log(JSON.stringify({ answers }));
