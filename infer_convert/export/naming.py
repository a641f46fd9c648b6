"""Names that the source may not use twice."""

from __future__ import annotations

import builtins

from infer_convert.export.loader import HELPERS
from infer_convert.kinds import OLD_HARD_SIGMOID

RESERVED: frozenset[str] = frozenset(
    {"keras", "layers", "ops", "np", "h5py", "io", "json", "zipfile", "Path", "sys", "ml_dtypes", "x", "model", "path",
     "put", "open_file", "read", "file", "build_model", "load_weights", "inputs", "outputs", "layer", "arrays", "name",
     "numbered", "names", "keyed", OLD_HARD_SIGMOID, "parts", *HELPERS, *dir(builtins)}
)  # fmt: skip


def fresh(wanted: str, taken: set[str]) -> str:
    """``wanted``, numbered when it is ``taken``, and taken from now on."""
    name, number = wanted, 1
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    taken.add(name)
    return name
