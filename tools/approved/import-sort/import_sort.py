"""Sorts the imports at the top of a Python source. Nothing is imported or executed."""

import ast
import json
import sys
import warnings


def is_import(node):
    return isinstance(node, (ast.Import, ast.ImportFrom))


def block_of(tree, lines):
    """The first imports in a row: index of the first and behind the last; `None` when there are none to sort."""
    body = tree.body
    begin = next((i for i, node in enumerate(body) if is_import(node)), None)
    if begin is None:
        return None
    end = begin
    while end < len(body) and is_import(body[end]):
        end += 1
    first, last = body[begin].lineno - 1, body[end - 1].end_lineno
    shares_line = any(";" in line for line in lines[first:last])
    has_comment = any("#" in line for line in lines[first:last])
    return None if shares_line or has_comment else (first, last, body[begin:end])


def group(node):
    """0 future, 1 standard library, 2 others, 3 relative."""
    if isinstance(node, ast.ImportFrom) and node.level:
        return 3
    name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
    top = name.partition(".")[0]
    return 0 if top == "__future__" else 1 if top in sys.stdlib_module_names else 2


def single(node):
    """One statement for each module; names of a `from` in order."""
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    names = sorted(node.names, key=lambda alias: alias.name.lower())
    return [ast.ImportFrom(node.module, names, node.level)]


def key(node):
    is_from = isinstance(node, ast.ImportFrom)
    module = ("." * node.level + (node.module or "")) if is_from else node.names[0].name
    return group(node), is_from, module.lower(), ast.unparse(node)


def unused(tree):
    """Names that are imported and never used; nothing is said of a source with `__all__`."""
    bound = {}
    for node in filter(is_import, ast.walk(tree)):
        if getattr(node, "module", "") != "__future__":
            bound.update({(a.asname or a.name.partition(".")[0]): node.lineno for a in node.names if a.name != "*"})
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    if "__all__" in used:
        return []
    return [{"name": name, "line": line} for name, line in sorted(bound.items()) if name not in used | texts]


def sort(source):
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f"not valid Python: {error}") from None
    lines = source.splitlines(keepends=True)
    block = block_of(tree, lines)
    result = source
    if block:
        first, last, nodes = block
        statements = sorted((one for node in nodes for one in single(node)), key=key)
        texts, before = [], None
        for node in statements:
            if before is not None and group(node) != before:
                texts.append("")
            before = group(node)
            texts.append(ast.unparse(node))
        unique = [text for i, text in enumerate(texts) if i == 0 or text == "" or text != texts[i - 1]]
        result = "".join(lines[:first]) + "\n".join(unique) + "\n" + "".join(lines[last:])
    return {"source": result, "changed": result != source, "unused": unused(tree)}


def main():
    warnings.simplefilter("ignore")
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        answer = sort(**json.load(sys.stdin))
    except ValueError as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
