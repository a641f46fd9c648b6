"""The table of contents: which families, which entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benchmarks.library import (
    applications,
    classic,
    courses,
    darknets,
    decoders,
    deeplab,
    dense_prediction,
    detection,
    generative,
    low_light,
    mobile,
    pose,
    residual,
    restoration,
    retina,
    segmentation,
    sequence,
    signals,
    ssd,
    translation,
    tutorials,
    unet_kin,
    volumes,
)
from benchmarks.library.kit import Entry

OWN: dict[str, tuple[Callable[[], Iterator[Entry]], ...]] = {
    "agents": (classic.agents, tutorials.agents),
    "autoencoder": (generative.autoencoders, tutorials.autoencoders),
    "c3d": (classic.clips, tutorials.volumes),
    "classic": (classic.classic,),
    "courses": (courses.courses,),
    "decoders": (decoders.decoders,),
    "deeplab": (deeplab.deeplabs,),
    "driving": (classic.driving,),
    "examples": (classic.examples, tutorials.images),
    "facenet": (detection.facenets,),
    "faces": (classic.faces,),
    "gan": (generative.gans, tutorials.generators),
    "mobilenet": (mobile.mobilenets,),
    "mtcnn": (detection.mtcnns,),
    "pose": (pose.points,),
    "recurrent": (sequence.recurrents, tutorials.recurrents),
    "resnet_small": (residual.entries,),
    "restoration": (restoration.restored, low_light.low_lights),
    "retina": (retina.retinas,),
    "segmentation": (segmentation.segmentations,),
    "segnet": (dense_prediction.segnets, tutorials.segmentations),
    "signals": (signals.signals, tutorials.series),
    "squeezenet": (detection.squeezenets,),
    "ssd": (ssd.ssds,),
    "text": (sequence.texts, tutorials.texts),
    "translation": (translation.translations,),
    "unet": (dense_prediction.unets,),
    "unet_kin": (unet_kin.grown,),
    "vgg_small": (classic.vgg_small,),
    "volumes": (volumes.volumes,),
    "xception_small": (tutorials.separable,),
    "yolo": (detection.yolos, darknets.darknets),
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
