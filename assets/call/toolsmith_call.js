// Calls other tools from a tool: callTool(name, input) and callToolResilient(need, input), which return what the tool
// wrote on standard output, and callToolsParallel(calls), which returns that of each. A tool that declares run = ["tool:NAME"] in [permissions] of its manifest, and is approved,
// may call the tools that it names. Each call is a run of its own. Load it with require("toolsmith_call"), or from a
// module with createRequire(import.meta.url)("toolsmith_call").
const { readSync, writeSync } = require("node:fs");

let rest = Buffer.alloc(0);

class ToolError extends Error {
  constructor(message, run) {
    super(message);
    this.name = "ToolError";
    this.run = run ?? null;
  }
}

function inputs(given, more) {
  let object = given ?? {};
  if (typeof object === "string") {
    let parsed = null;
    try {
      parsed = JSON.parse(object);
    } catch {
      // A text that is no JSON is the prompt.
    }
    object = parsed !== null && typeof parsed === "object" && !Array.isArray(parsed) ? parsed : { prompt: object };
  }
  return { ...object, ...more };
}

function nextLine(theirs) {
  const piece = Buffer.alloc(1 << 16);
  while (rest.indexOf(10) < 0) {
    const length = readSync(theirs, piece, 0, piece.length, null);
    if (length === 0) {
      throw new ToolError("the workbench no longer answers");
    }
    rest = Buffer.concat([rest, piece.subarray(0, length)]);
  }
  const end = rest.indexOf(10);
  const line = rest.subarray(0, end).toString("utf8");
  rest = rest.subarray(end + 1);
  return line;
}

// Asks, and waits for so many answers; those to several calls say the place of their call and come as they end.
function answers(request, count) {
  const places = process.env.TOOLSMITH_CALLS;
  if (!places) {
    throw new ToolError(process.env.TOOLSMITH_NO_CALLS || "calls of other tools are not offered here");
  }
  const [ours, theirs] = places.split(",").map(Number);
  let line = Buffer.from(`${JSON.stringify(request)}\n`);
  while (count > 0 && line.length > 0) {
    line = line.subarray(writeSync(ours, line));
  }
  const found = [];
  for (let told = 0; told < count; told += 1) {
    const answer = JSON.parse(nextLine(theirs));
    if (count > 1 && answer.call === undefined) {
      return [answer];
    }
    found[answer.call ?? 0] = answer;
  }
  return found;
}

function output(answer) {
  if (!answer.ok) {
    throw new ToolError(answer.error || "the call failed", answer.run);
  }
  return answer.output ?? "";
}

function callTool(tool, input, more) {
  return output(answers({ tool, input: inputs(input, more) }, 1)[0]);
}

function callToolResilient(need, input, { tags = [], maxAttempts = 5 } = {}) {
  return output(answers({ need, input: inputs(input), tags, max_attempts: maxAttempts }, 1)[0]);
}

// Runs several tools, at most four at the same time; a call is [name, input] or { tool, input }. When calls fail, the
// others go on to their end; then the error of the first one that failed is thrown.
function callToolsParallel(calls) {
  const asked = calls.map((call) => (Array.isArray(call) ? { tool: call[0], input: call[1] } : call));
  const whole = { calls: asked.map(({ tool, input }) => ({ tool, input: inputs(input) })) };
  return answers(whole, asked.length).map(output);
}

module.exports = {
  ToolError,
  callTool,
  callToolResilient,
  callToolsParallel,
  call_tool: callTool,
  call_tool_resilient: callToolResilient,
  call_tools_parallel: callToolsParallel,
};
