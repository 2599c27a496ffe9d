// Gives node the files of a TypeScript tool without their types. Imported before the script.
import { register } from "node:module";
let sources;
function initialize(data) {
    sources = data;
}
async function resolve(specifier, context, next) {
    try {
        return await next(specifier, context);
    } catch (error) {
        for (const other of [specifier.replace(/\.js$/, ".ts"), specifier + ".ts", specifier + "/index.ts"]) {
            try {
                return await next(other, context);
            } catch {}
        }
        throw error;
    }
}
async function load(url, context, next) {
    const path = Object.keys(sources).find((path) => url.startsWith("file:") && decodeURI(url).endsWith("/" + path));
    if (path === undefined) return next(url, context);
    const [format, source] = sources[path];
    return { format, source, shortCircuit: true };
}
const hooks = ["let sources", `export ${initialize}`, `export ${resolve}`, `export ${load}`].join(";\n");
register("data:text/javascript," + encodeURIComponent(hooks), { data: SOURCES });
