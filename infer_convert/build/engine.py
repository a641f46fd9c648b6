"""Start Keras on TensorFlow, quietly and with the settings that a plan assumes."""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module

from infer_convert.processes.collector import collect_seldom, no_collections

UNUSED: tuple[str, ...] = ("matplotlib", "PIL", "sklearn")
"""What Keras 3.15.1 imports where it is installed (``keras/src/visualization``, ``utils/image_utils.py``,
``wrappers/fixes.py``) and no conversion uses: 0.8 s of processor time and 90 MB."""


EARLY: tuple[str, ...] = ("numpy", "ml_dtypes", "google.protobuf.descriptor_pool", "google.protobuf.message")
"""What TensorFlow imports that is soon there, and that nobody misses when it was in vain."""


def prepare() -> None:
    """Import what takes no second, while the file is read; nothing when that fails (``start`` will say why)."""
    with suppress(Exception):
        for name in EARLY:
            import_module(name)


def start(own_process: bool = False) -> None:
    """Import TensorFlow and Keras for the command line.

    Sets ``KERAS_BACKEND``, float32 and channels_last whatever a keras.json says, and keeps the lines that TensorFlow's
    C++ side prints while it is loaded off standard error. They are shown when the import fails. In a process of its own
    Keras starts without ``UNUSED``, and the garbage collector comes seldom afterwards.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    fresh = "keras" not in sys.modules
    with quiet_descriptor(), no_collections(), _without(UNUSED if own_process and fresh else ()):
        import keras
        import tensorflow  # noqa: F401
    if own_process and fresh:
        collect_seldom()
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)


def forget() -> None:
    """Start, and drop what earlier models of this process have left: their graphs, and the counters in Keras' automatic
    names, so that the same file gives the same model whatever was built before it.

    The first call exempts TensorFlow's own million objects from garbage collection, which ``clear_session`` runs (0.3 s
    each time otherwise).
    """
    start()
    import keras

    if gc.get_freeze_count() == 0:
        gc.collect()
        gc.freeze()
    keras.utils.clear_session()


@contextmanager
def _without(names: tuple[str, ...]) -> Iterator[None]:
    """Within it these packages cannot be imported, unless they are imported already."""
    blocked = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]  # None means: not to be found
    try:
        yield
    finally:
        for name in blocked:
            sys.modules.pop(name, None)


@contextmanager
def quiet_descriptor() -> Iterator[None]:
    """Within it nothing that C++ prints reaches standard error; it is shown when what is done there fails."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        original = os.dup(2)
        try:
            os.dup2(kept.fileno(), 2)
            yield
        except BaseException:
            kept.seek(0)
            os.write(original, kept.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)
