"""``model.py``: the recovered source, written as a person would write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from infer_convert import __version__
from infer_convert.build.names import safe_name
from infer_convert.export.body import Functions
from infer_convert.export.layout import remark
from infer_convert.export.loader import (
    HELPERS,
    IMPORTS,
    READERS,
    load_lines,
    reader_kind,
    used_helpers,
    uses_bfloat16,
)
from infer_convert.export.remarks import UNCERTAIN
from infer_convert.export.subject import Subject
from infer_convert.facts import WeightFile
from infer_convert.kinds import OLD_HARD_SIGMOID
from infer_convert.plan import Plan

NUMBERED = '''
def numbered(stem, number):
    """dense, dense_1, dense_2: how Keras names layers by itself."""
    return f"{stem}_{number}" if number else stem
'''

_OLD_HARD_SIGMOID = f'''
@keras.saving.register_keras_serializable()
def {OLD_HARD_SIGMOID}(x):
    """What hard_sigmoid meant up to Keras 2; Keras 3 has another slope."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)
'''


def save_python(subject: Subject, target: Path) -> None:
    """Write ``target`` (``model.py``) with ``build_model()`` and ``load_weights(model, path)``."""
    target.write_text(python_source(subject.model, subject.plan, subject.facts), encoding="utf-8")


def python_source(model: Any, plan: Plan, facts: WeightFile, customs: Mapping[str, type] | None = None) -> str:
    """The whole module. ``model`` is the built model of ``plan``: it says how layers are called and order weights."""
    customs = customs or _customs(model)
    writer = Functions(customs)
    writer.function("build_model", model, plan, _title(plan))
    body = "\n".join(writer.lines)
    kind = reader_kind(facts)
    loading, calls = load_lines(model, plan, facts)
    parts = [
        _docstring(plan, facts),
        _imports(kind, "ops." in body, uses_bfloat16(plan, facts), customs),
        *([_OLD_HARD_SIGMOID] if OLD_HARD_SIGMOID in body else []),
        *([NUMBERED] if writer.numbered or calls else []),
        "\n" + body,
        READERS[kind],
        *(HELPERS[name] for name in used_helpers(plan)),
        _loading(loading),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts).replace("\n\n\n\n", "\n\n\n") + "\n"


def _customs(model: Any) -> dict[str, type]:
    classes = {type(layer) for layer in model._flatten_layers(include_self=False)}
    return {cls.__name__: cls for cls in classes if not cls.__module__.startswith("keras.")}


def _docstring(plan: Plan, facts: WeightFile) -> str:
    lines = [
        f'"""Recovered from {remark(facts.file)[:80]} by infer-convert {__version__}.',
        "",
        f"The model computes what the lost original did with probability {plan.confidence:.3g}.",
        f"Lines that are less than {UNCERTAIN:.0%} sure carry a comment.",
    ]
    if facts.sha256:
        lines += [f"The file's sha256 is {remark(facts.sha256)}."]
    for sentence in plan.rewrites:
        lines += _wrapped(f"* {remark(sentence)}")
    return "\n".join([*lines, '"""'])


def _wrapped(text: str, width: int = 110) -> list[str]:
    lines, current = [], ""
    for word in text.split():
        word = word[:width]
        if current and len(current) + 1 + len(word) > width:
            lines.append(current)
            current = "  " + word
        else:
            current = f"{current} {word}" if current else word
    return [*lines, current]


def _imports(kind: str, ops: bool, bfloat16: bool, customs: Mapping[str, type]) -> str:
    standard = sorted({*IMPORTS[kind], "import sys"}, key=lambda line: (line.startswith("from"), line))
    third = ["import h5py", "import keras", *(["import ml_dtypes"] if bfloat16 else []), "import numpy as np"]
    third.append("from keras import layers, ops" if ops else "from keras import layers")
    own = sorted(f"from {cls.__module__} import {cls.__name__}" for cls in customs.values())
    return "\n".join([*standard, "", *third, *(["", *own] if own else [])])


def _loading(lines: Iterable[str]) -> str:
    return "\n".join(
        [
            "",
            "def put(layer, *arrays):",
            '    """Set the layer\'s weights; a wrong number or shape raises."""',
            "    layer.set_weights([np.asarray(array) for array in arrays])",
            "",
            "",
            "def load_weights(model, path):",
            '    """Copy every tensor of the original file into the model."""',
            "    with open_file(path) as file:",
            "",
            "        def read(name):",
            "            return file[name][()]",
            "",
            *(list(lines) or ["        del read  # the model has no weights"]),
            "",
            "",
            'if __name__ == "__main__":',
            "    recovered = build_model()",
            "    load_weights(recovered, sys.argv[1])",
            "    recovered.summary()",
        ]
    )


def _title(plan: Plan) -> str:
    return safe_name(plan.name or "recovered")
