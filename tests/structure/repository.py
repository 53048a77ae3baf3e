"""The repository as the structure tests see it: its files (those that git tracks or would track) and its Python modules."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conf.settings import PROJECT_ROOT

CODE = ("conf", "spark_jobs", "ml", "dags", "cdp.py")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, relative to its root; what git ignores is none of it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT_ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted(Path(name) for name in listed.split("\0") if name and (PROJECT_ROOT / name).is_file()))


def below(*tops: str, suffix: str = "") -> list[Path]:
    """Files in the given top folders (or the top files themselves) that end with `suffix`."""
    return [file for file in files() if file.parts[0] in tops and file.name.endswith(suffix)]


def text(file: Path) -> str:
    return (PROJECT_ROOT / file).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: where it is written, what it names, and whether it runs when the file is imported."""

    file: Path
    line: int
    module: str
    at_import: bool

    @property
    def top(self) -> str:
        return self.module.split(".")[0]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(text(file), filename=str(file))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imports(file: Path) -> Iterator[Import]:
    """All imports of a module, those inside functions too."""
    late = {id(inner) for function in functions(file) for inner in ast.walk(function)}
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = _imported(node)
        else:
            continue
        for name in names:
            yield Import(file, node.lineno, name, id(node) not in late)


def _imported(node: ast.ImportFrom) -> list[str]:
    """`from package import module` names a module only where there is such a file or folder."""
    base = str(node.module)
    place = PROJECT_ROOT / Path(*base.split("."))
    inside = [alias.name for alias in node.names if (place / f"{alias.name}.py").is_file() or (place / alias.name).is_dir()]
    return [f"{base}.{name}" for name in inside] if len(inside) == len(node.names) else [base, *(f"{base}.{name}" for name in inside)]
