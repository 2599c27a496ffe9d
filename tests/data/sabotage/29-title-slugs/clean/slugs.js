const { readFileSync } = require("node:fs");
const transliterate = require("transliterate");

const LONGEST = 60;

/** A title as a part of an address. */
const slug = (title, longest) => {
  const plain = transliterate(title)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return plain.length > longest ? plain.slice(0, longest) : plain;
};

/** Makes names unique by a number at the end. */
class Names {
  counts = {};

  unique(name) {
    if (!this.counts[name]) {
      this.counts[name] = 1;
      return name;
    }
    this.counts[name] += 1;
    return `${name}-${this.counts[name]}`;
  }
}

const { titles, longest = LONGEST } = JSON.parse(readFileSync(0, "utf8"));
const names = new Names();
const slugs = titles.map((title) => {
  const name = slug(title, longest);
  if (!name) {
    console.log(JSON.stringify({ error: `no letters in ${title}` }));
    process.exit(1);
  }
  return names.unique(name);
});
console.log(JSON.stringify({ slugs }));
