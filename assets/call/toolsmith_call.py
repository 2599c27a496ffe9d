"""Calls other tools from a tool: call_tool(name, input) and call_tool_resilient(need, input).

A tool that declares run = ["tool:NAME"] in [permissions] of its manifest, and is approved, may call the tools that it
names. Each call is a run of its own: recorded, contained, and allowed only where the caller may run that tool.
"""
import json
import os
import threading

__all__ = ["ToolError", "call_tool", "call_tool_resilient", "call_tools_parallel"]

_lock = threading.Lock()
_rest = b""


class ToolError(RuntimeError):
    """A call that did not succeed; `run` is the number of its run, or None."""

    def __init__(self, message, run=None):
        super().__init__(message)
        self.run = run


def call_tool(tool_name, prompt=None, **inputs):
    """Runs a tool and returns what it wrote on standard output, as text.

    The input is a dict, or the text of a JSON object; another text is the input `prompt`. Keywords are further inputs.
    Raises ToolError when the call is refused or the run fails.
    """
    return _ask({"tool": tool_name, "input": _inputs(prompt, inputs)})


def call_tool_resilient(scenario, input_data=None, tags=None, max_attempts=5, **inputs):
    """Runs the declared tool of this name, or the declared tools that fit these words best, until one succeeds."""
    asked = {"need": scenario, "input": _inputs(input_data, inputs), "tags": list(tags or [])}
    return _ask({**asked, "max_attempts": max_attempts})


def call_tools_parallel(tool_calls):
    """Runs several tools, at most four at the same time, and returns what each wrote, in the order of the calls.

    A call is (name, input), (name, input, keywords), or a dict with tool, prompt and kwargs. When calls fail, the others
    go on to their end; then the ToolError of the first one that failed is raised.
    """
    asked = []
    for call in tool_calls:
        if isinstance(call, dict):
            name, prompt, more = call["tool"], call.get("prompt"), call.get("kwargs")
        else:
            name, prompt, more = (*call, None, None)[:3]
        asked.append({"tool": name, "input": _inputs(prompt, more or {})})
    return [_output(answer) for answer in _answers({"calls": asked}, len(asked))]


def _inputs(given, more):
    if isinstance(given, str):
        try:
            parsed = json.loads(given)
        except ValueError:
            parsed = None
        given = parsed if isinstance(parsed, dict) else {"prompt": given}
    return {**(given or {}), **more}


def _ask(request):
    return _output(_answers(request, 1)[0])


def _output(answer):
    if not answer.get("ok"):
        raise ToolError(answer.get("error") or "the call failed", answer.get("run"))
    return answer.get("output", "")


def _answers(request, count):
    """Asks, and waits for so many answers; those to several calls say the place of their call and come as they end."""
    places = os.environ.get("TOOLSMITH_CALLS")
    if not places:
        raise ToolError(os.environ.get("TOOLSMITH_NO_CALLS") or "calls of other tools are not offered here")
    ours, theirs = (int(place) for place in places.split(","))
    line = json.dumps(request, ensure_ascii=True).encode() + b"\n"
    answers = [None] * count
    with _lock:
        try:
            while count and line:
                line = line[os.write(ours, line):]
            for _ in range(count):
                answer = json.loads(_line(theirs))
                if count > 1 and "call" not in answer:
                    return [answer]
                answers[answer.get("call", 0)] = answer
        except OSError as error:
            raise ToolError(f"the workbench cannot be reached: {error}") from None
    return answers


def _line(theirs):
    global _rest
    while b"\n" not in _rest:
        piece = os.read(theirs, 1 << 16)
        if not piece:
            raise ToolError("the workbench no longer answers")
        _rest += piece
    line, _, _rest = _rest.partition(b"\n")
    return line
