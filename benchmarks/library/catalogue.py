"""The table of contents: which families, which entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benchmarks.library import (
    applications,
    attentive,
    audio,
    boards,
    classic,
    courses,
    darknets,
    decoders,
    deeplab,
    dense_prediction,
    detection,
    embeddings,
    generative,
    genomes,
    low_light,
    matching,
    mobile,
    pose,
    projects,
    reading,
    recognition,
    residual,
    restoration,
    retina,
    segmentation,
    sequence,
    signals,
    ssd,
    time_series,
    towers,
    translation,
    tutorials,
    unet_kin,
    volumes,
)
from benchmarks.library.kit import Entry

OWN: dict[str, tuple[Callable[[], Iterator[Entry]], ...]] = {
    "agents": (classic.agents, tutorials.agents, boards.learners),
    "audio": (audio.sounds,),
    "autoencoder": (generative.autoencoders, tutorials.autoencoders),
    "boards": (boards.players,),
    "c3d": (classic.clips, tutorials.volumes),
    "classic": (classic.classic,),
    "courses": (courses.courses,),
    "decoders": (decoders.decoders,),
    "deeplab": (deeplab.deeplabs,),
    "densenet_small": (towers.dense_nets,),
    "driving": (classic.driving,),
    "examples": (classic.examples, tutorials.images, projects.pictures),
    "facenet": (detection.facenets, recognition.openfaces),
    "faces": (classic.faces, recognition.recognised),
    "gan": (generative.gans, tutorials.generators),
    "genomes": (genomes.genomes,),
    "googlenet": (towers.inceptions,),
    "matching": (matching.matchers,),
    "mobilenet": (mobile.mobilenets, audio.yamnets),
    "mtcnn": (detection.mtcnns,),
    "pose": (pose.points,),
    "readers": (reading.readers,),
    "recurrent": (sequence.recurrents, tutorials.recurrents, projects.words),
    "resnet_small": (residual.entries,),
    "resnext": (attentive.groups,),
    "restoration": (restoration.restored, low_light.low_lights),
    "retina": (retina.retinas,),
    "segmentation": (segmentation.segmentations,),
    "segnet": (dense_prediction.segnets, tutorials.segmentations),
    "senet": (attentive.excitations, embeddings.residual_faces),
    "series": (time_series.series,),
    "shufflenet": (attentive.shuffles, embeddings.ghost_faces),
    "signals": (signals.signals, tutorials.series),
    "squeezenet": (detection.squeezenets,),
    "ssd": (ssd.ssds,),
    "text": (sequence.texts, tutorials.texts),
    "translation": (translation.translations,),
    "unet": (dense_prediction.unets,),
    "unet_kin": (unet_kin.grown,),
    "vgg_small": (classic.vgg_small, audio.vggishes),
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
