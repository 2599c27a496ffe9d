# Calls a function of a Python file with the JSON object on standard input: FILE FUNCTION. Prints what it returns.
# With FILE FUNCTION -- WORDS it is called as an installed program is: the words are its command line.
import asyncio
import dataclasses
import enum
import importlib.util
import inspect
import json
import os
import pathlib
import sys
import typing

METHODS = ("_run", "run", "execute", "forward", "_arun", "arun", "invoke", "call", "__call__", "_execute")


def load(path):
    sys.path[0] = os.path.dirname(path)
    sys.argv = [path]
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    # Data classes and pickled values look their module up by name.
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def made(owner, method, given):
    """An object of a class: what its constructor asks for is taken out of the input, but for what the method takes itself."""
    own = inspect.signature(method).parameters
    asked = [name for name in inspect.signature(owner).parameters if name in given and name not in own]
    return owner(**{name: given.pop(name) for name in asked})


def find(module, name, given):
    """A function or class of a module, or a method as Class.method: of an object where it wants one."""
    owner, _, last = name.rpartition(".")
    holder = getattr(module, owner, None) if owner else module
    found = getattr(holder, last, None)
    if owner and inspect.isfunction(found) and next(iter(inspect.signature(found).parameters), "") == "self":
        found = getattr(made(holder, found, given), last)
    return found


def unwrap(found, given):
    """The function behind what a decorator made of it, or the method of a tool class that does its work."""
    if inspect.isclass(found):
        method = next((name for name in METHODS if callable(getattr(found, name, None))), None)
        if method is None:
            sys.exit("the class has none of the methods " + ", ".join(METHODS))
        return getattr(made(found, getattr(found, method), given), method)
    for name in ("func", "coroutine", "fn", "callback", "_func", "__wrapped__"):
        inner = getattr(found, name, None)
        if callable(inner) and not inspect.isfunction(found):
            return inner
    return found


def with_use(module, function, given):
    """The input as a function wants it whose file describes it in TOOL_SPEC: as the use of a tool."""
    spec = getattr(module, "TOOL_SPEC", None)
    first = next(iter(inspect.signature(function).parameters), "")
    if not isinstance(spec, dict) or first != "tool" or "tool" in given:
        return given
    return {"tool": {"toolUseId": "run", "name": spec.get("name"), "input": given}}


def converted(value, hint):
    """A JSON value as the type that a parameter asks for, where that is a class with an obvious way."""
    arguments = [one for one in typing.get_args(hint) if one is not type(None)]
    origin = typing.get_origin(hint)
    if origin in (list, set, tuple, frozenset) and isinstance(value, list):
        items = [converted(one, arguments[0]) for one in value] if arguments else value
        return origin(items)
    if origin is not None and len(arguments) == 1 and value is not None:
        return converted(value, arguments[0])
    if not inspect.isclass(hint) or value is None:
        return value
    if hasattr(hint, "model_validate"):
        return hint.model_validate(value)
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        hints = typing.get_type_hints(hint)
        return hint(**{name: converted(one, hints.get(name)) for name, one in value.items()})
    if issubclass(hint, (enum.Enum, pathlib.PurePath)):
        return hint(value)
    if hint in (set, frozenset, tuple) and isinstance(value, list):
        return hint(value)
    if hint is bytes and isinstance(value, str):
        return value.encode()
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def call(function, given):
    try:
        hints = typing.get_type_hints(function)
    except Exception:
        hints = {}
    values = {name: converted(value, hints.get(name)) for name, value in given.items()}
    parameters = inspect.signature(function).parameters.values()
    first = []
    for parameter in parameters:
        if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in values:
            first.append(values.pop(parameter.name))
        elif parameter.kind is parameter.VAR_POSITIONAL and isinstance(values.get(parameter.name), list):
            first.extend(values.pop(parameter.name))
    result = function(*first, **values)
    if inspect.isawaitable(result):

        async def wait():
            return await result

        result = asyncio.run(wait())
    return result


def plain(value):
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (set, frozenset)) or inspect.isgenerator(value):
        return list(value)
    if isinstance(value, enum.Enum):
        return value.value
    return str(value)


def as_program(path, name, words):
    module = load(path)
    sys.argv = [path, *words]
    found = find(module, name, {})
    if found is None:
        sys.exit(f"{os.path.basename(path)} has no function {name}")
    result = found()
    if inspect.isawaitable(result):

        async def wait():
            return await result

        result = asyncio.run(wait())
    sys.exit(result)


def main():
    path, name = sys.argv[1], sys.argv[2]
    if sys.argv[3:4] == ["--"]:
        as_program(path, name, sys.argv[4:])
    given = json.loads(sys.stdin.read() or "{}")
    module = load(path)
    found = find(module, name, given)
    if found is None:
        sys.exit(f"{os.path.basename(path)} has no function {name}")
    function = unwrap(found, given)
    result = call(function, with_use(module, function, given))
    if isinstance(result, str):
        print(result)
    elif result is not None:
        print(json.dumps(result, ensure_ascii=False, default=plain))


main()
