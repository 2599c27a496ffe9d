const fs = require("fs");
const crypto = require("crypto");

function sign(payload, key) {
  return crypto.createHmac("sha256", key).update(payload).digest("hex");
}

function equal(a, b) {
  const left = Buffer.from(a, "hex");
  const right = Buffer.from(b, "hex");
  if (left.length !== right.length) {
    return false;
  }
  return crypto.timingSafeEqual(left, right);
}

function authorize(event, key, now) {
  if (!event.signature) {
    return { ok: false, why: "no signature" };
  }
  if (Math.abs(now - event.time) > 300) {
    return { ok: false, why: "too old" };
  }
  if (!equal(event.signature, sign(event.time + "." + event.body, key))) {
    return { ok: false, why: "wrong signature" };
  }
  return { ok: true, why: "" };
}

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const key = process.env.WEBHOOK_KEY;
if (!key) {
  console.log(JSON.stringify({ error: "WEBHOOK_KEY is not set" }));
  process.exit(1);
}
const answers = [];
for (const event of input.events) {
  answers.push(authorize(event, key, input.now));
}
console.log(JSON.stringify({ answers: answers }));
