"""Find where code uses what is private of a library: `python tests/checks/private.py FOLDER ...`.

Private is what has a name that begins with one underscore, and whatever is in `uvicorn.protocols`. Pickles
are found too: they tie a program to the inside of one version of another.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PUBLIC = {"os._exit"}
"""What a library documents for all to use, in spite of its name."""

PRIVATE_MODULES = ("uvicorn.protocols",)
PICKLES = ("cPickle", "cloudpickle", "dill", "marshal", "pickle", "shelve")


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def is_pickle(module: str) -> bool:
    return module.partition(".")[0] in PICKLES


def is_private_module(module: str) -> bool:
    inside = any(module == each or module.startswith(f"{each}.") for each in PRIVATE_MODULES)
    return inside or any(map(is_private, module.split(".")))


def faults(tree: ast.Module, own: set[str]) -> Iterator[tuple[int, str]]:
    """Lines and faults of a module; `own` are the names of classes that inherit from no library."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = [each.name for each in names]
            case ast.ImportFrom(module=module, names=names):
                modules = [f"{module or ''}.{each.name}".lstrip(".") for each in names]
            case _:
                modules = []
                yield from faults_of_node(node, own)
        for each in modules:
            if is_private_module(each):
                yield node.lineno, f"imports {each}"
            if is_pickle(each):
                yield node.lineno, f"uses {each.partition('.')[0]}"


def faults_of_node(node: ast.AST, own: set[str]) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Attribute(value=value, attr=attr) if is_private(attr):
            owner = ast.unparse(value)
            if owner not in ("self", "cls") and f"{owner}.{attr}" not in PUBLIC:
                yield node.lineno, f"reaches for {owner}.{attr}"
        case ast.Call(func=ast.Name(id="getattr" | "setattr"), args=[_, ast.Constant(value=str(name)), *_]):
            if is_private(name):
                yield node.lineno, f"reaches for {name}"
        case ast.ClassDef(name=name, body=body) if name not in own:
            for each in body:
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_private(each.name):
                    yield each.lineno, f"{name}.{each.name} may override what is private of its base"


def own_classes(trees: list[ast.Module]) -> set[str]:
    """The names of classes whose bases, and theirs in turn, are classes of these modules or none."""
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    own = {node.name for node in found}
    while True:
        foreign = {node.name for node in found if any(name_of(base) not in own for base in node.bases)}
        if not own & foreign:
            return own
        own -= foreign


def name_of(base: ast.expr) -> str:
    """The name of a base, without its parameters."""
    return ast.unparse(base.value if isinstance(base, ast.Subscript) else base)


def check(folders: list[Path]) -> list[str]:
    """Every fault of the modules in some folders, with its place."""
    paths = sorted(path for folder in folders for path in folder.rglob("*.py"))
    trees = [ast.parse(path.read_text("utf-8"), str(path)) for path in paths]
    own = own_classes(trees)
    return [
        f"{path}:{line}: {fault}"
        for path, tree in zip(paths, trees, strict=True)
        for line, fault in sorted(set(faults(tree, own)))
    ]


if __name__ == "__main__":
    found = check([Path(each) for each in sys.argv[1:]])
    sys.exit("\n".join(found) or None)
