"""Small weight files of one or another architecture, with other names and numbers each."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np


def mlp(path: Path, first: int = 1, seed: int = 0, widths: tuple[int, ...] = (4, 8, 8, 8, 3)) -> Path:
    """Dense layers as Keras 2 writes them, numbered from ``first``."""
    random = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [f"dense_{first + i}" for i in range(len(widths) - 1)]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in names]
        file.attrs["keras_version"], file.attrs["backend"] = b"2.2.4", b"tensorflow"
        for name, rows, columns in zip(names, widths, widths[1:], strict=False):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/{part}:0".encode() for part in ("kernel", "bias")]
            group.create_dataset(f"{name}/kernel:0", data=random.normal(size=(rows, columns)).astype("float32"))
            group.create_dataset(f"{name}/bias:0", data=random.normal(size=columns).astype("float32"))
    return path
