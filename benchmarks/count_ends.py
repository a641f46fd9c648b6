"""What known nets end in: whether those that shrink and enlarge a picture give back its size
(``clues/settings/same_size``), and whether the convolution that gives the answer has strides
(``clues/settings/frequencies``).

Every net of a family of n counts 1/sqrt(n), as in ``count_maps``.
"""

from __future__ import annotations

from collections import Counter

from benchmarks.count_maps import shapes_of
from benchmarks.fit_settings import draft_of, known_nets
from infer_convert.clues.settings.same_size import ends
from infer_convert.clues.settings.windows import first
from infer_convert.draft import Draft, Neighbourhood
from infer_convert.layers.passed import SHAPE_KEEPING
from infer_convert.library.references import Known


def count() -> dict[str, float]:
    """The weighed nets by what they end in, in alphabetical order."""
    nets = [(family, known.flat()) for family, known in known_nets()]
    sizes = Counter(family for family, _ in nets)
    found: Counter[str] = Counter()
    for family, known in nets:
        draft = draft_of(known)
        for line in (*_size(known, draft), *_strides(known, draft)):
            found[line] += sizes[family] ** -0.5
    return dict(sorted(found.items()))


def _size(known: Known, draft: Draft) -> list[str]:
    both = ends(Neighbourhood.of(draft))
    shapes = shapes_of(known, draft) if both is not None else []
    given, made = (shapes[both[0]], shapes[both[1][0]]) if both is not None else (None, None)
    if given is None or made is None or len(given) != len(made):
        return []
    return [f"shrinks and enlarges: {'the same size' if given[:-1] == made[:-1] else 'another size'}"]


def _strides(known: Known, draft: Draft) -> list[str]:
    near = Neighbourhood.of(draft)
    found = []
    for output, _ in draft.outputs:
        passes = draft.layers[output].class_name in SHAPE_KEEPING
        index = next(iter(near.before(output, SHAPE_KEEPING)), output) if passes else output
        layer, config = draft.layers[index], known.layers[index].config
        window = config.get("kernel_size") or (1,)
        if layer.class_name.startswith("Conv") and not layer.class_name.endswith("Transpose") and max(window) > 1:
            found.append(f"answers by a convolution: strides {first(config.get('strides') or 1)}")
    return found
