"""Hostile names through reading, inference and the five places where they come out: paths, terminal, HTML, JSON and
emitted Python."""

from __future__ import annotations

import ast
import io
import json
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import h5py
import jsonschema
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from infer_convert.build.assign import assign
from infer_convert.build.model import build_model
from infer_convert.build.names import safe_name
from infer_convert.errors import InferConvertError
from infer_convert.export.python import python_source
from infer_convert.facts import WeightFile
from infer_convert.infer import infer
from infer_convert.inference import Inference
from infer_convert.readers import open_tensors, read
from infer_convert.report import html
from infer_convert.report.document import Document, document
from infer_convert.report.json import dumps, report, schema
from infer_convert.report.terminal import print_inspection, print_summary
from infer_convert.report.text import visible
from tests.hostile.files import HOSTILE_NAMES

SCHEMA = schema()
NASTY = st.sampled_from((
    "<", ">", "&", '"', "'", "\\", "/", "..", "\n", "\r", "\0", "\x1b[31m", "\u202e", "{", "}", "%", "$", "`", "#",
    "\u2028", "\ud800", "import os", "'''", '"""', "\t", "-", "[/red]", "[bold]",
))  # fmt: skip
NAMES = st.lists(st.one_of(NASTY, st.text(max_size=4)), min_size=1, max_size=6).map("".join)


def file_with(names: list[str], path: Path) -> Path:
    """A stack of Dense layers of these names, as far as HDF5 can hold them."""
    with h5py.File(path, "w") as file:
        taken = []
        for number, name in enumerate(dict.fromkeys(names)):
            raw = name.encode("utf-8", "surrogatepass")
            if b"\0" in raw or not raw.strip(b"/."):
                continue
            try:
                group = file.create_group(raw)
            except ValueError:
                continue
            group.attrs["weight_names"] = np.array([b"kernel:0"])
            group["kernel:0"] = np.full((4, 4) if number else (6, 4), number + 1, "float32")
            taken.append(raw)
        file.attrs["layer_names"] = np.array(taken or [b"x"])
    return path


class _Text(HTMLParser):
    """Elements and attributes of a page, and what its texts say."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def elements(page: str) -> set[tuple[str, tuple[str, ...]]]:
    parser = _Text()
    parser.feed(page)
    return set(parser.seen)


def printed(made: Document) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=120, highlight=False)
    print_summary(made, console, True)
    print_inspection(made.facts, console)
    return stream.getvalue()


def tame() -> tuple[WeightFile, Inference]:
    with tempfile.TemporaryDirectory() as folder:
        path = file_with(["dense_1", "dense_2"], Path(folder, "w.h5"))
        facts = read(path)
        return facts, infer(facts)


@pytest.fixture(scope="module")
def harmless() -> set[tuple[str, tuple[str, ...]]]:
    """The elements of a page without hostile names."""
    facts, found = tame()
    return elements(html.page(document(facts, found)))


@settings(max_examples=60)
@given(names=st.lists(NAMES, min_size=1, max_size=4))
@example(names=list(HOSTILE_NAMES))
def test_reports(names: list[str], harmless: set[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = file_with(names, Path(folder, "w.h5"))
        try:
            facts = read(path)
            found = infer(facts)
        except InferConvertError as problem:
            assert visible(" ".join(str(problem).split())).isprintable()
            return
    made = document(facts, found)
    own = {("td", ("class",)), ("h2", ()), ("ul", ()), ("li", ()), ("details", ()), ("summary", ())}
    assert elements(html.page(made)) <= harmless | own
    html.page(made).encode("utf-8")
    told = json.loads(dumps(report(made)))
    jsonschema.validate(told, SCHEMA)
    assert [layer["name"] for layer in told["architecture"]["layers"]] == [entry.name for entry in made.layers]
    text = printed(made)
    assert all(char.isprintable() or char == "\n" for char in text), ascii(text)
    text.encode("utf-8")


@settings(max_examples=12)
@given(names=st.lists(NAMES, min_size=1, max_size=3))
@example(names=list(HOSTILE_NAMES))
def test_python(names: list[str]) -> None:
    """The emitted source is one module of imports and two functions whatever the names say, and it runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = file_with(names, Path(folder, "w.h5"))
        try:
            facts = read(path)
            plan = infer(facts).best
        except InferConvertError:
            return
        with open_tensors(path) as store:
            model = build_model(plan)
            assign(model, plan, store)
        source = python_source(model, plan, facts)
        source.encode("utf-8")
        called = {ast.unparse(node.func) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)}
        assert not called & {"eval", "exec", "open", "__import__", "os.system"}
        scope: dict[str, Any] = {"__name__": "recovered"}
        exec(compile(source, "model.py", "exec"), scope)
        again = scope["build_model"]()
        scope["load_weights"](again, path)
        for one, other in zip(again.weights, model.weights, strict=True):
            np.testing.assert_array_equal(np.asarray(one.value), np.asarray(other.value))


@given(name=NAMES)
def test_paths(name: str) -> None:
    """What becomes part of a file or scope name of Keras."""
    safe = safe_name(name)
    assert safe[0].isalnum() or safe[0] == "."
    assert "/" not in safe and "\\" not in safe and safe.isascii() and safe.isprintable() and " " not in safe
