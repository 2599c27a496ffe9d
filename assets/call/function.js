// Calls a function of a JavaScript or TypeScript file with the JSON object on standard input: FILE FUNCTION [PARAMETER ...].
// With parameters they are passed in this order, without them the object is passed. Prints what the function returns.
const { readFileSync } = require("node:fs");
const { basename } = require("node:path");
const { pathToFileURL } = require("node:url");

async function main([path, name, ...order]) {
  const text = readFileSync(0, "utf8");
  const given = text.trim() ? JSON.parse(text) : {};
  process.argv.splice(1, process.argv.length, path);
  const loaded = await import(pathToFileURL(path));
  const places = [loaded, loaded.default, loaded.default?.default];
  const named = places.map((place) => place?.[name]).find((found) => typeof found === "function");
  const whole = name === "default" ? places.slice(1).reverse().find((found) => typeof found === "function") : undefined;
  const found = named ?? whole;
  if (found === undefined) {
    throw new Error(`${basename(path)} exports no function ${name}`);
  }
  while (order.length > 0 && !(order[order.length - 1] in given)) {
    order.pop();
  }
  const values = order.length > 0 ? order.map((parameter) => given[parameter]) : [given];
  const result = await found(...values);
  if (typeof result === "string") {
    console.log(result);
  } else if (result !== undefined && result !== null) {
    console.log(JSON.stringify(result));
  }
}

main(process.argv.slice(1)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
