"""Which families of the reference library a case belongs to, for leaving them out.

A case's own family is every family of the library that could hold its architecture or a look-alike; the library then
leaves out their look-alikes too (``infer_convert/library/families.py``). The zoo's generators and the frozen
applications are never read by the library's generators (``benchmarks/library``), so that a benchmark's truth reaches
the inference only by being a published architecture; this table says where that is so.
"""

from __future__ import annotations

from benchmarks.item import Item
from benchmarks.library.applications import family as application_family

OWN: dict[str, tuple[str, ...]] = {
    "classic": ("classic", "examples", "vgg", "vgg_small", "driving", "courses"),
    "mlp": ("examples", "gan"),
    "residual": ("resnet", "resnet_small"),
    "mobile": ("mobilenet", "efficientnet", "convnext", "xception", "xception_small"),
    "dense": ("densenet", "squeezenet"),
    "inception": ("inception", "courses"),
    "detection": ("yolo", "resnet"),
    "unet": ("unet",),
    "image-to-image": ("segnet", "unet"),
    "gan": ("gan",),
    "autoencoder": ("autoencoder",),
    "recurrent": ("recurrent",),
    "temporal": ("text", "signals"),
    "volume": ("c3d",),
    "attention": ("signals",),
    "several": ("examples", "vgg"),
    "agent": ("agents",),
}
"""Families of the zoo -> families of the library."""


def library_families(item: Item) -> frozenset[str]:
    """The library's families that a case could have been taken from; every family for files by strangers."""
    if item.family in OWN:
        return frozenset(OWN[item.family])
    try:
        return frozenset({application_family(item.name)})
    except ValueError:
        from infer_convert.library.store import index

        return frozenset(signature.family for signature in index())
