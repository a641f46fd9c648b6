"""The table of contents: which families, which entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benchmarks.library import applications, classic, dense_prediction, detection, generative, residual, sequence
from benchmarks.library.kit import Entry

OWN: dict[str, Callable[[], Iterator[Entry]]] = {
    "agents": classic.agents,
    "autoencoder": generative.autoencoders,
    "c3d": classic.clips,
    "classic": classic.classic,
    "driving": classic.driving,
    "examples": classic.examples,
    "facenet": detection.facenets,
    "faces": classic.faces,
    "gan": generative.gans,
    "mtcnn": detection.mtcnns,
    "recurrent": sequence.recurrents,
    "resnet_small": residual.entries,
    "segnet": dense_prediction.segnets,
    "squeezenet": detection.squeezenets,
    "text": sequence.texts,
    "unet": dense_prediction.unets,
    "vgg_small": classic.vgg_small,
    "yolo": detection.yolos,
}
APPLICATIONS = (
    "convnext", "densenet", "efficientnet", "efficientnet_v2", "inception", "mobilenet", "mobilenet_v3", "nasnet",
    "regnet", "resnet", "resnet_rs", "vgg", "xception",
)  # fmt: skip
FAMILIES: tuple[str, ...] = (*APPLICATIONS, *OWN)


def families(wanted: Iterable[str]) -> dict[str, list[Entry]]:
    """The entries of the wanted families."""
    names = set(wanted)
    found: dict[str, list[Entry]] = {name: [] for name in FAMILIES if name in names}
    if names & set(APPLICATIONS):
        for library in ("keras", "tf_keras"):
            for family, entry in applications.entries(library):
                if family in found:
                    found[family].append(entry)
    for name, make in OWN.items():
        if name in found:
            found[name].extend(make())
    return found
