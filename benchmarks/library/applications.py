"""Every model of ``keras.applications`` and ``tf_keras.applications`` with its top, which matching can cut off."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from benchmarks.library.kit import Entry

ALPHAS = {"MobileNet": (0.25, 0.5, 0.75), "MobileNetV2": (0.35, 0.5, 0.75, 1.3, 1.4)}
"""The alphas that have published weights, beside 1."""


def entries(library: str) -> Iterator[tuple[str, Entry]]:
    """(family, entry) of every constructor that takes ``include_top``."""
    import importlib

    module = importlib.import_module(f"{library}.applications")
    for name in sorted(dir(module)):
        make = getattr(module, name)
        if not (name[0].isupper() and callable(make)):
            continue
        yield family(name), Entry(name, partial(_plain, name), f"{library}.applications", library)
        for alpha in ALPHAS.get(name, ()):
            yield (
                family(name),
                Entry(f"{name} alpha {alpha}", partial(_alpha, name, alpha), f"{library}.applications", library),
            )
        if name.startswith(("NASNet", "EfficientNetB")):
            yield (
                family(name),
                Entry(f"{name} without top", partial(_topless, name), f"{library}.applications", library),
            )
        if name.startswith("MobileNetV3"):
            yield (
                family(name),
                Entry(f"{name} minimalistic", partial(_minimal, name), f"{library}.applications", library),
            )
            yield (
                family(name),
                Entry(f"{name} alpha 0.75", partial(_alpha, name, 0.75), f"{library}.applications", library),
            )


def _plain(name: str, k: Any) -> Any:
    return getattr(k.applications, name)(weights=None)


def _alpha(name: str, alpha: float, k: Any) -> Any:
    return getattr(k.applications, name)(weights=None, alpha=alpha)


def _topless(name: str, k: Any) -> Any:
    """A NASNet without its top has other cells at the end, an EfficientNet for any size has even borders throughout."""
    return getattr(k.applications, name)(weights=None, include_top=False)


def _minimal(name: str, k: Any) -> Any:
    return getattr(k.applications, name)(weights=None, minimalistic=True)


def family(name: str) -> str:
    """The library's family of an application; ``infer_convert/library/families.py`` groups look-alikes."""
    for prefix, word in (
        ("ResNetRS", "resnet_rs"),
        ("RegNet", "regnet"),
        ("ResNet", "resnet"),
        ("EfficientNetV2", "efficientnet_v2"),
        ("EfficientNet", "efficientnet"),
        ("MobileNetV3", "mobilenet_v3"),
        ("MobileNet", "mobilenet"),
        ("DenseNet", "densenet"),
        ("VGG", "vgg"),
        ("NASNet", "nasnet"),
        ("ConvNeXt", "convnext"),
        ("Inception", "inception"),
        ("Xception", "xception"),
    ):
        if name.startswith(prefix):
            return word
    raise ValueError(f"{name}: no family")
