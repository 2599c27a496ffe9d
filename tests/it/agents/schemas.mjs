// Compiles the input schemas of a list of tools with the validator that clients of the protocol use: strict and lenient,
// for draft 7 and 2020-12. Prints what is refused, and how many were read.
import { createRequire } from "module";
import { readFileSync } from "fs";

const require = createRequire(`${process.argv[2]}/`);
const of = (name) => require(name).default ?? require(name);
const drafts = { "draft-07": of("ajv"), "2020-12": of("ajv/dist/2020") };
const tools = JSON.parse(readFileSync(0, "utf8"));
for (const tool of tools) {
  for (const [draft, Validator] of Object.entries(drafts)) {
    for (const strict of [true, false]) {
      // What a strict validator only warns of is about style: unions of types, and required names without a property.
      const validator = new Validator({ strict, strictTypes: false, strictRequired: false, strictTuples: false, logger: false });
      of("ajv-formats")(validator);
      try {
        validator.compile({ ...tool.inputSchema, $schema: undefined });
      } catch (error) {
        console.log(`${tool.name}, ${draft}, ${strict ? "strict" : "lenient"}: ${error.message}`);
      }
    }
  }
}
console.log(`${tools.length} schemas`);
