"""Lists what Python files of the workspace define. Nothing is imported or executed."""

import ast
import json
import pathlib
import sys
import warnings

LEFT_OUT = {".git", "node_modules", "target", "__pycache__", ".venv"}


def signature(node):
    """A function as its head says it, without the body."""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{node.name}({ast.unparse(node.args)}){returns}"


def symbols(node, prefix=""):
    """Yields kind, qualified name, line and text of each definition in a module or class."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield "method" if prefix else "function", prefix + child.name, child.lineno, signature(child)
        elif isinstance(child, ast.ClassDef):
            bases = ", ".join(ast.unparse(base) for base in child.bases)
            yield "class", prefix + child.name, child.lineno, f"{child.name}({bases})"
            yield from symbols(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.Assign) and not prefix:
            names = [target.id for target in child.targets if isinstance(target, ast.Name)]
            yield from (("constant", name, child.lineno, name) for name in names if name.isupper())


def index(root, folder=".", name="", limit=500):
    base = pathlib.Path(root).resolve()
    top = (base / folder).resolve()
    if not top.is_relative_to(base):
        raise ValueError(f"{folder!r} is outside of the workspace")
    if not top.is_dir():
        raise ValueError(f"there is no folder {folder!r} in the workspace")
    found, failed, files = [], [], 0
    for path in sorted(top.rglob("*.py")):
        shown = path.relative_to(base)
        if path.is_symlink() or LEFT_OUT.intersection(shown.parts):
            continue
        files += 1
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError, OSError, RecursionError) as error:
            failed.append({"path": str(shown), "error": str(error)})
            continue
        rows = [row for row in symbols(tree) if name.lower() in row[1].lower()]
        found += [{"path": str(shown), "line": at, "kind": k, "name": n, "text": t} for k, n, at, t in rows]
    return {"files": files, "count": len(found), "symbols": found[:limit], "failed": failed[:limit]}


def main():
    warnings.simplefilter("ignore")
    # Names of files need not be text.
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    request = json.load(sys.stdin)
    try:
        answer = index(sys.argv[1], **request)
    except (OSError, ValueError) as error:
        print(json.dumps({"success": False, "error": str(error)}, ensure_ascii=False))
        return 1
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
