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
    dense_prediction,
    detection,
    embeddings,
    generative,
    genomes,
    matching,
    mobile,
    projects,
    reading,
    recognition,
    residual,
    sequence,
    signals,
    time_series,
    towers,
    tutorials,
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
    "readers": (reading.readers,),
    "recurrent": (sequence.recurrents, tutorials.recurrents, projects.words),
    "resnet_small": (residual.entries,),
    "resnext": (attentive.groups,),
    "segnet": (dense_prediction.segnets, tutorials.segmentations),
    "senet": (attentive.excitations, embeddings.residual_faces),
    "series": (time_series.series,),
    "shufflenet": (attentive.shuffles, embeddings.ghost_faces),
    "signals": (signals.signals, tutorials.series),
    "squeezenet": (detection.squeezenets,),
    "text": (sequence.texts, tutorials.texts),
    "unet": (dense_prediction.unets,),
    "vgg_small": (classic.vgg_small, audio.vggishes),
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
