// Says at the end of a script which ranges of its files ran and which did not. Imported before the script.
import { Session } from "node:inspector";
import { writeSync } from "node:fs";
const [mark, root] = ["MARK", "{dir}"];
const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
process.on("exit", () => {
    session.post("Profiler.takePreciseCoverage", (error, answer) => {
        if (error) return;
        const words = [mark];
        for (const script of answer.result) {
            const path = decodeURIComponent(script.url.replace(/^file:\/\//, ""));
            if (!path.startsWith(root + "/")) continue;
            const ranges = script.functions.flatMap((one) => one.ranges);
            const told = ranges.map((one) => [one.startOffset, one.endOffset, one.count ? 1 : 0].join("-"));
            words.push(encodeURIComponent(path.slice(root.length + 1)) + ":" + told.join(","));
        }
        writeSync(2, "\n" + words.join(" ") + "\n");
    });
});
