"""Who may import whom (README, "The house"), read from the source and checked in a fresh interpreter."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import networkx
import pytest

import infer_convert

PACKAGE = Path(infer_convert.__file__).parent
MODULES = {
    ".".join((*path.relative_to(PACKAGE.parent).with_suffix("").parts,)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
CLUES_OF_PARTS = ("infer_convert.clues.activations", "infer_convert.clues.settings")
NUMBERS_GROUND = {
    f"infer_convert.clues.numbers.{name}"
    for name in ("", "arrays", "budget", "flow", "gaussian", "gram", "kernels", "likelihood", "net", "signals")
}
"""What the clues from trained numbers share; it signs no evidence itself."""
KERAS = {"keras", "tensorflow", "tf_keras"}


def room(module: str) -> str:
    """``infer_convert.solve.wiring`` -> ``solve``; a module at the top is its own room."""
    return module.partition(".")[2].partition(".")[0]


def only_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def statements(body: list[ast.stmt], everywhere: bool) -> Iterator[ast.stmt]:
    """Statements of a module; those inside functions only if ``everywhere``, those for type checkers never."""
    for node in body:
        yield node
        if only_for_types(node):
            yield from statements(node.orelse, everywhere)
        elif everywhere or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, field, []), everywhere)
            for handler in getattr(node, "handlers", []):
                yield from statements(handler.body, everywhere)


def imported(module: str, everywhere: bool = True) -> Iterator[str]:
    """Full names of the modules that one module imports."""
    path = MODULES[module]
    for node in statements(ast.parse(path.read_text(encoding="utf-8")).body, everywhere):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module if path.name == "__init__.py" else module.rpartition(".")[0]
            for _ in range(node.level - 1):
                package = package.rpartition(".")[0]
            base = ".".join(filter(None, (package if node.level else "", node.module)))
            for alias in node.names:
                deeper = f"{base}.{alias.name}"
                yield deeper if deeper in MODULES else base


def offenders(wrong: object) -> list[str]:
    return [f"{module} imports {name}" for module in MODULES for name in imported(module) if wrong(module, name)]  # type: ignore[operator]


def top(name: str) -> str:
    return name.partition(".")[0]


def test_the_walk_sees_imports() -> None:
    assert len(MODULES) > 80
    assert "h5py" in set(imported("infer_convert.readers.tree"))
    assert "infer_convert.sandbox" in set(imported("infer_convert.pipeline"))
    assert "infer_convert.sandbox" not in set(imported("infer_convert.pipeline", everywhere=False))


def test_only_readers_and_the_archive_import_h5py() -> None:
    """Keras writes HDF5 for us; only the archive, in which the weights lie behind a header, opens the file itself."""

    def wrong(module: str, name: str) -> bool:
        return top(name) == "h5py" and room(module) != "readers" and module != "infer_convert.export.archive"

    assert offenders(wrong) == []


def test_only_build_and_export_import_keras() -> None:
    assert offenders(lambda module, name: top(name) in KERAS and room(module) not in ("build", "export")) == []


def test_clues_do_not_import_each_other() -> None:
    def wrong(module: str, name: str) -> bool:
        shared = name in NUMBERS_GROUND and module.startswith("infer_convert.clues.numbers.")
        shared |= any(all(part.startswith(clue) for part in (module, name)) for clue in CLUES_OF_PARTS)
        return room(module) == room(name) == "clues" and not shared

    assert offenders(wrong) == []


def test_the_engines_know_nothing_of_layers() -> None:
    def wrong(module: str, name: str) -> bool:
        return room(module) == "solve" and top(name) == "infer_convert" and room(name) not in ("solve", "errors")

    assert offenders(wrong) == []


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("sandbox", {"layers", "clues", "solve", "assemble", "draft", "infer", "plan", "build", "export", "report"}),
        ("readers", {"sandbox", "layers", "clues", "solve", "assemble", "infer", "plan", "build", "export", "report"}),
        ("pipeline", {"batch", "cli"}),
        ("facts", {"*"}),
        ("plan", {"*"}),
        ("layers", {"clues", "assemble", "draft", "infer", "readers", "build", "export", "report", "pipeline"}),
        ("clues", {"assemble", "infer", "readers", "build", "export", "report", "pipeline"}),
        ("assemble", {"readers", "infer", "build", "export", "report", "pipeline"}),
        ("build", {"clues", "solve", "assemble", "infer", "export", "report", "readers", "pipeline"}),
        ("export", {"clues", "solve", "assemble", "infer", "report", "readers", "pipeline"}),
        ("report", {"clues", "solve", "assemble", "infer", "readers", "build", "export", "pipeline"}),
    ],
)
def test_no_room_imports_what_stands_behind_it(lower: str, upper: set[str]) -> None:
    def wrong(module: str, name: str) -> bool:
        if room(module) != lower or top(name) != "infer_convert" or room(name) in ("", lower):
            return False
        return "*" in upper or room(name) in upper

    assert offenders(wrong) == []


def test_no_import_cycles() -> None:
    graph = networkx.DiGraph()
    for module in MODULES:
        for name in imported(module):
            if name in MODULES and name != module and not module.startswith(f"{name}."):
                graph.add_edge(module, name)
    assert list(networkx.simple_cycles(graph, length_bound=6)) == []


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import infer_convert", ("tensorflow", "keras", "networkx", "h5py", "numpy", "typer")),
        ("from infer_convert import read, open_tensors", ("tensorflow", "keras", "networkx")),
        ("import infer_convert.infer", ("tensorflow", "keras", "h5py")),
        ("import infer_convert.cli", ("tensorflow", "keras", "h5py", "fsspec", "distributed", "pyarrow")),
        ("import infer_convert.sandbox", ("tensorflow", "keras", "networkx", "h5py", "numpy")),
        ("import infer_convert.pipeline, infer_convert.report.html", ("tensorflow", "keras")),
    ],
)
def test_importing_stays_light(statement: str, absent: tuple[str, ...]) -> None:
    check = f"import sys\n{statement}\nfound = sorted(set({absent!r}) & set(sys.modules))\nprint(*found)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


def test_public_names() -> None:
    assert sorted(infer_convert.__all__) == [
        "Hints", "InferConvertError", "Inference", "Options", "Plan", "WeightFile", "convert", "infer", "load_hints",
        "read",
    ]  # fmt: skip
    for name in (*infer_convert.__all__, "ExitCode", "Outcome", "open_tensors"):
        assert getattr(infer_convert, name).__name__ == name
        assert getattr(infer_convert, name).__doc__
    assert set(infer_convert.__all__) <= set(dir(infer_convert))
    assert not hasattr(infer_convert, "nothing")


def test_every_module_says_what_it_is_for() -> None:
    silent = [module for module, path in MODULES.items() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert silent == []
