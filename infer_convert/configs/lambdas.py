"""Lambda layers: their stored code is read as text and proposed as layers, or shown as a hole; it is never run.

The marshal stream is parsed by ``configs/code`` (Python itself neither unmarshals nor executes it); what the code
computes is rebuilt where every function in it is one that we know by its usual name (``meaning``).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infer_convert.configs.code.expressions import text
from infer_convert.configs.code.instructions import listing, version_of
from infer_convert.configs.code.marshalled import Unreadable
from infer_convert.configs.code.reading import read
from infer_convert.configs.code.stored import StoredFunction, stored_function
from infer_convert.configs.context import Context
from infer_convert.configs.graph import Graph, Item, refs_in
from infer_convert.configs.meaning import Recipe, input_ref, named_recipe, recipe_of
from infer_convert.configs.steps import inlined
from infer_convert.plan import Basis, Decision, Evidence, Option

CLASS = "Lambda"


def lambdas_read(graph: Graph, context: Context) -> Graph:
    """Every Lambda of one level whose code is understood, as the layers that compute the same; others stay holes."""
    for item in graph.items:
        if item.class_name != CLASS or not item.calls:
            continue
        if _class_name(item) in context.hints.customs:
            own = replace(item, class_name=_class_name(item), config={})
            graph = replace(graph, items=tuple(own if each.name == item.name else each for each in graph.items))
            continue
        try:
            stored = stored_function(item.config.get("function"))
            recipe, said = _recipe(item, stored)
        except Unreadable:
            continue
        steps = tuple(recipe.steps)
        made = " + ".join(
            dict.fromkeys(
                f"keras.ops.{step.config['function']}" if step.class_name == "Operation" else step.class_name
                for step in steps
            )
        )
        sentence = f"its code reads `{said}` (parsed, never run) and is rebuilt as {made}"
        context.log.guess(item.name, "; ".join([sentence, *recipe.guesses]), recipe.confidence)
        evidence = Evidence("stored code", 3.0, "; ".join([f"its stored code reads `{said}`", *recipe.guesses]))
        decision = Decision(
            "class_name", steps[-1].class_name, recipe.confidence, Basis.INFERRED,
            (Option(CLASS, 1 - recipe.confidence),), (evidence,),
        )  # fmt: skip
        named = replace(item, decisions=(*item.decisions, decision))
        graph = replace(graph, items=tuple(named if each.name == item.name else each for each in graph.items))
        graph = inlined(graph, item.name, steps)
    return graph


def _recipe(item: Item, stored: StoredFunction) -> tuple[Recipe, str]:
    call = item.calls[0]
    count = len(refs_in(call.args)) or 1
    listed = bool(call.args) and isinstance(call.args[0], list)
    given: Any = [input_ref(number) for number in range(count)] if listed else input_ref(0)
    if any(len(refs_in(other.args)) != count for other in item.calls):
        raise Unreadable("its calls have different operands")
    if stored.code is None:
        return named_recipe(stored.name, stored.module, count), stored.name
    code = stored.code
    if not code.arguments:
        raise Unreadable("its code takes no argument")
    expression = read(code, dict(zip(code.free, stored.closure, strict=False)))
    values: dict[str, Any] = {}
    if stored.defaults:
        values.update(zip(code.arguments[-len(stored.defaults) :], stored.defaults, strict=False))
    arguments = item.config.get("arguments")
    values.update(arguments if isinstance(arguments, Mapping) else {})
    values[code.arguments[0]] = given
    return recipe_of(expression, values), text(expression)


def with_reason(item: Item) -> Item:
    """A Lambda that stays a hole: what it says about itself, why that is not enough, and how to fill its place. The
    model cannot be built before that is done; everything else of it is reported."""
    words = identifiers(item.config.get("function"))
    seen = f" (its code mentions {', '.join(words[:8])})" if words else ""
    why, lines = _why(item)
    because = (
        f"a Lambda holds code, which is never run{seen}; {why}; say what it does with"
        f" --set '{item.name}.class_name=CLASS' (and further fields), or give a class of the name"
        f" {_class_name(item)} with --custom-objects"
    )
    evidence = (Evidence("stored code", 0.0, because), *(Evidence("stored code", 0.0, line) for line in lines))
    decision = Decision("class_name", CLASS, 0.0, Basis.ASSUMED, (), evidence)
    return replace(item, config={}, decisions=(*item.decisions, decision))


def _class_name(item: Item) -> str:
    """A Python name for the user's class: the function's own where it has one, else the layer's."""
    try:
        name = stored_function(item.config.get("function")).name
    except Unreadable:
        name = ""
    return name if name.isidentifier() else re.sub(r"\W", "_", item.name)


def _why(item: Item) -> tuple[str, tuple[str, ...]]:
    """Why the code was not rebuilt, and its disassembly."""
    lines: tuple[str, ...] = ()
    try:
        stored = stored_function(item.config.get("function"))
        if stored.code is None:
            return f"only the name {stored.name!r:.60} is stored", ()
        python = ".".join(map(str, version_of(stored.code)))
        lines = (f"{item.name}: its code (Python {python} or the like): {'; '.join(listing(stored.code))}",)
        recipe, _ = _recipe(item, stored)
    except Unreadable as error:
        return f"it was not understood: {error}", lines
    return f"it was understood ({len(recipe.steps)} steps) but could not be placed", lines


def identifiers(function: Any) -> list[str]:
    """Names and short texts that stand in a stored function: ASCII runs of the marshalled bytes, in order."""
    if isinstance(function, Mapping):
        function = function.get("config", function)
    if isinstance(function, Mapping):
        function = function.get("code")
    if isinstance(function, list | tuple) and function:
        function = function[0]
    if not isinstance(function, str):
        return []
    if re.fullmatch(r"[A-Za-z_]\w*", function):
        return [function]
    try:
        raw = base64.b64decode(function.encode("ascii", "ignore"), validate=False)
    except (binascii.Error, ValueError):
        raw = function.encode("latin-1", "ignore")
    found = re.findall(rb"[A-Za-z_][A-Za-z0-9_]{1,40}", raw)
    names = [word.decode("ascii") for word in found]
    return list(dict.fromkeys(name for name in names if not name.startswith(("ipykernel", "__"))))
