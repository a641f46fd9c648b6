"""Every format we write, in the order in which it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infer_convert.export.compare import Comparison, savedmodel_difference
from infer_convert.export.keras import save_keras
from infer_convert.export.litert import litert_difference, save_litert
from infer_convert.export.onnx import onnx_difference, save_onnx
from infer_convert.export.python import save_python
from infer_convert.export.savedmodel import save_savedmodel
from infer_convert.export.subject import Subject


@dataclass(frozen=True, slots=True)
class Exporter:
    """``name`` is the word after ``--to``, ``target`` the file or folder below OUT. ``compare`` runs what was written
    beside the model; None for what holds no numbers of its own or is read back by Keras. ``aside``: it only looks at
    the model, and mostly waits for the disk and for memory, so that another format may be written meanwhile."""

    name: str
    target: str
    save: Callable[[Subject, Path], None]
    compare: Callable[[Subject, Path], Comparison] | None = None
    aside: bool = False


EXPORTERS: tuple[Exporter, ...] = (
    Exporter("savedmodel", "saved_model", save_savedmodel, savedmodel_difference),
    Exporter("keras", "model.keras", save_keras, aside=True),
    Exporter("python", "model.py", save_python),
    Exporter("onnx", "model.onnx", save_onnx, onnx_difference),
    Exporter("litert", "model.tflite", save_litert, litert_difference),
)


@contextmanager
def saving(subject: Subject, wanted: Sequence[Exporter], folder: Path) -> Iterator[Callable[[Exporter], None]]:
    """A function that has one of the ``wanted`` formats written below ``folder`` when it returns, or raises what its
    ``save`` raised. Those that may be written ``aside`` are begun at once where others are wanted."""
    with ThreadPoolExecutor(1) as pool:
        begun: dict[str, Future[None]] = {
            each.name: pool.submit(each.save, subject, folder / each.target)
            for each in wanted
            if each.aside and len(wanted) > 1
        }

        def save(exporter: Exporter) -> None:
            if exporter.name in begun:
                begun[exporter.name].result()
            else:
                exporter.save(subject, folder / exporter.target)

        yield save
