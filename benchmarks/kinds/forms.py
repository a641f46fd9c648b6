"""How a model gets into a file: what the libraries write, and what people do instead or afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Write = Callable[[Any, Path], Path]


def legacy(model: Any, folder: Path) -> Path:
    """``save_weights`` of tf_keras."""
    model.save_weights(folder / "w.h5")
    return folder / "w.h5"


def tree(model: Any, folder: Path) -> Path:
    """``save_weights`` of Keras 3, and of tf_keras under that name."""
    model.save_weights(folder / "m.weights.h5")
    return folder / "m.weights.h5"


def full(model: Any, folder: Path) -> Path:
    model.save(folder / "m.h5")
    return folder / "m.h5"


def archive(model: Any, folder: Path) -> Path:
    model.save(folder / "m.keras")
    return folder / "m.keras"


def dump(model: Any, folder: Path) -> Path:
    """A dataset per array of ``get_weights()``."""
    import h5py

    with h5py.File(folder / "d.h5", "w") as file:
        for number, array in enumerate(model.get_weights()):
            file[f"weight_{number}"] = array
    return folder / "d.h5"


def by_layer(model: Any, folder: Path) -> Path:
    """A group per layer with the arrays of its ``get_weights()``."""
    import h5py

    with h5py.File(folder / "l.h5", "w") as file:
        for layer in model.layers:
            for number, array in enumerate(layer.get_weights()):
                file[f"{layer.name}/{number}"] = array
    return folder / "l.h5"


def by_variable(model: Any, folder: Path) -> Path:
    """A dataset per variable under its name."""
    import h5py

    with h5py.File(folder / "v.h5", "w") as file:
        for variable in model.weights:
            name = getattr(variable, "path", variable.name)
            if name not in file:
                file[name] = variable.numpy()
    return folder / "v.h5"


def repacked(model: Any, folder: Path) -> Path:
    """Legacy weights, copied by h5py: compressed, in the order of names, of HDF5's latest version."""
    import h5py

    with h5py.File(legacy(model, folder)) as old, h5py.File(folder / "r.h5", "w", libver="latest") as new:
        new.attrs.update(old.attrs)

        def copy(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                squeezed = {"compression": "gzip", "shuffle": True} if item.shape else {}
                made = new.create_dataset(name, data=item[()], **squeezed)
            else:
                made = new.require_group(name)
            made.attrs.update(item.attrs)

        old.visititems(copy)
    return folder / "r.h5"


def wrapped(model: Any, folder: Path) -> Path:
    """Legacy weights as one group among others of somebody's file."""
    import h5py
    import numpy as np

    with h5py.File(legacy(model, folder)) as old, h5py.File(folder / "x.h5", "w") as new:
        new.attrs["author"] = "nobody"
        old.copy(old["/"], new, "model/weights")
        new["history/loss"] = np.arange(5.0)
        new["history/val_loss"] = np.arange(5.0)
    return folder / "x.h5"


def trained(model: Any, folder: Path) -> Path:
    """The tree's weights after a step of training, with the optimizer's state."""
    import numpy as np

    model.compile("adam", "mse")
    shapes = [tuple(2 if size is None else size for size in tensor.shape[1:]) for tensor in model.inputs]
    given = [np.zeros((2, *shape), "float32") for shape in shapes]
    wanted = model(given if len(given) > 1 else given[0])
    model.train_on_batch(given if len(given) > 1 else given[0], wanted)
    return tree(model, folder)


def halves(model: Any, folder: Path) -> Path:
    """Legacy weights in half precision, to save room."""
    import h5py

    path = legacy(model, folder)
    with h5py.File(path, "r+") as file:
        names: list[str] = []
        file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
        for name in names:
            array = file[name][()]
            if array.dtype == "float32":
                del file[name]
                file[name] = array.astype("float16")
    return path


TF_KERAS: tuple[Write, ...] = (legacy, tree, full)
KERAS: tuple[Write, ...] = (tree, full, archive)
BY_HAND: tuple[Write, ...] = (dump, by_layer, by_variable, repacked, wrapped, trained, halves)
HANDLED = ("mlp", "lenet", "resnet", "text", "tagger", "transfer", "text_kim", "unet", "siamese", "wide_deep", "gan")
"""Nets that go through the hand-made forms too."""
