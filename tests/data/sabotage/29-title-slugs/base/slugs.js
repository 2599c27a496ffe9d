const fs = require("fs");
const transliterate = require("transliterate");

function slug(title, longest) {
  let text = transliterate(title).toLowerCase();
  text = text.replace(/[^a-z0-9]+/g, "-");
  text = text.replace(/^-+|-+$/g, "");
  if (text.length > longest) {
    text = text.slice(0, longest);
  }
  return text;
}

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const seen = {};
const slugs = [];
for (const title of input.titles) {
  let name = slug(title, input.longest || 60);
  if (name === "") {
    console.log(JSON.stringify({ error: "no letters in " + title }));
    process.exit(1);
  }
  if (seen[name]) {
    seen[name] = seen[name] + 1;
    name = name + "-" + seen[name];
  } else {
    seen[name] = 1;
  }
  slugs.push(name);
}
console.log(JSON.stringify({ slugs: slugs }));
