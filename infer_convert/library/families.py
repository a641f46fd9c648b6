"""The families of the library and the look-alikes among them, for leaving a family out.

A family is one file of ``data/``. ``ALIKE`` groups families whose members resemble each other so much that leaving one
out honestly means leaving out the group: what is built of the same blocks counts as alike, whatever its name.
"""

from __future__ import annotations

from collections.abc import Iterable

ALIKE: tuple[frozenset[str], ...] = (
    frozenset(
        {
            "resnet",
            "resnet_small",
            "resnet_rs",
            "regnet",
            "retina",
            "senet",
            "resnext",
            "boards",
            "pose",
            "segmentation",
            "decoders",
            "deeplab",
        }
    ),
    frozenset(
        {
            "efficientnet",
            "efficientnet_v2",
            "mobilenet",
            "mobilenet_v3",
            "deeplab",
            "shufflenet",
            "segmentation",
            "decoders",
        }
    ),
    frozenset({"vgg", "vgg_small", "faces", "c3d", "courses", "ssd", "pose", "segmentation", "decoders"}),
    frozenset({"inception", "xception", "xception_small", "facenet", "googlenet", "deeplab"}),
    frozenset({"unet", "segnet", "unet_kin", "volumes", "segmentation", "decoders", "restoration"}),
    frozenset({"classic", "examples", "driving", "agents"}),
    frozenset({"gan", "autoencoder", "translation"}),
    frozenset({"text", "recurrent", "signals", "series", "audio", "genomes", "matching", "readers"}),
    frozenset({"squeezenet", "densenet", "densenet_small"}),
    frozenset({"yolo", "mtcnn"}),
)


def with_alike(families: Iterable[str]) -> frozenset[str]:
    """These families and everything that resembles one of them; what resembles that is not meant."""
    wanted = frozenset(families)
    return wanted.union(*(group for group in ALIKE if group & wanted))
