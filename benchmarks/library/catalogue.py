"""The table of contents: which families, which entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benchmarks.library import (
    applications,
    classic,
    courses,
    dense_prediction,
    detection,
    generative,
    mobile,
    residual,
    sequence,
    signals,
    tutorials,
)
from benchmarks.library.kit import Entry

OWN: dict[str, tuple[Callable[[], Iterator[Entry]], ...]] = {
    "agents": (classic.agents, tutorials.agents),
    "autoencoder": (generative.autoencoders, tutorials.autoencoders),
    "c3d": (classic.clips, tutorials.volumes),
    "classic": (classic.classic,),
    "courses": (courses.courses,),
    "driving": (classic.driving,),
    "examples": (classic.examples, tutorials.images),
    "facenet": (detection.facenets,),
    "faces": (classic.faces,),
    "gan": (generative.gans, tutorials.generators),
    "mobilenet": (mobile.mobilenets,),
    "mtcnn": (detection.mtcnns,),
    "recurrent": (sequence.recurrents, tutorials.recurrents),
    "resnet_small": (residual.entries,),
    "segnet": (dense_prediction.segnets, tutorials.segmentations),
    "signals": (signals.signals, tutorials.series),
    "squeezenet": (detection.squeezenets,),
    "text": (sequence.texts, tutorials.texts),
    "unet": (dense_prediction.unets,),
    "vgg_small": (classic.vgg_small,),
    "xception_small": (tutorials.separable,),
    "yolo": (detection.yolos,),
}
APPLICATIONS = (
    "convnext", "densenet", "efficientnet", "efficientnet_v2", "inception", "mobilenet", "mobilenet_v3", "nasnet",
    "regnet", "resnet", "resnet_rs", "vgg", "xception",
)  # fmt: skip
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys((*APPLICATIONS, *OWN)))


def families(wanted: Iterable[str]) -> dict[str, list[Entry]]:
    """The entries of the wanted families."""
    names = set(wanted)
    found: dict[str, list[Entry]] = {name: [] for name in FAMILIES if name in names}
    if names & set(APPLICATIONS):
        for library in ("keras", "tf_keras"):
            for family, entry in applications.entries(library):
                if family in found:
                    found[family].append(entry)
    for name, makers in OWN.items():
        if name in found:
            found[name].extend(entry for make in makers for entry in make())
    return found
