"""Names that Keras and TensorFlow accept, for names that a file may spell in any way."""

from __future__ import annotations

import re
from collections.abc import Iterable

from infer_convert.plan import Plan

LONGEST = 120
"""Longest name handed to Keras; names become file and scope names."""

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_.-]")


def keras_names(plan: Plan) -> dict[str, str]:
    """Plan name -> Keras name for the layers of one level, one to one and the same on every call.

    TensorFlow's scope names must match ``^[A-Za-z0-9_.\\\\/>-]*$`` and Keras 3 forbids ``/`` (``Operation.__init__``);
    names that fit already stay as they are, and win over names that had to change.
    """
    return unique((item.name for item in plan.layers), safe_name)


def safe_name(name: str) -> str:
    """``name`` with every character that TensorFlow or Keras refuses replaced by ``_``; never empty.

    A root scope of TensorFlow 2.21 begins with a letter, a digit or a dot (framework/ops.py, ``name_scope``).
    """
    clean = _FORBIDDEN.sub("_", name)[:LONGEST]
    return clean if clean[:1].isalnum() or clean[:1] == "." else f"layer{clean}"[:LONGEST]


def unique(names: Iterable[str], clean: object = safe_name, taken: Iterable[str] = ()) -> dict[str, str]:
    """Map each name through ``clean`` and number the clashes; names that are clean already are served first."""
    assert callable(clean)
    wanted = {name: str(clean(name)) for name in names}
    used = set(taken)
    result: dict[str, str] = {}
    for name in sorted(wanted, key=lambda item: wanted[item] != item):
        candidate, number = wanted[name], 1
        while candidate in used:
            candidate, number = f"{wanted[name]}_{number}", number + 1
        used.add(candidate)
        result[name] = candidate
    return {name: result[name] for name in wanted}
