"""What settings go together: joint choices for a settled draft, for questions about several layers at once."""

from __future__ import annotations

from infer_convert.assemble.settle import Settled
from infer_convert.inference import Whole, Wholes


def wholes_of(settled: Settled) -> Wholes:
    """Joint choices drawn for a draft. Settings that stand for others (``_target``) and layers that may be absent are
    left out: no question is asked under these names; so is an input's size that stays open."""
    draws = settled.draw()
    if len(draws) < 2:
        return Wholes()
    total = sum(draw.times for draw in draws)
    places: list[tuple[int, str]] = []
    for index, tried in enumerate(settled.settings):
        if settled.draft.layers[index].config.get("_supposed"):
            continue
        used = [tried[option].config for option in dict.fromkeys(draw.options[index] for draw in draws)]
        shared = [key for key in used[0] if not key.startswith("_") and all(key in config for config in used)]
        if not settled.size_fixed:
            shared = [key for key in shared if key != "batch_shape"]
        places += [(index, key) for key in shared if any(config[key] != used[0][key] for config in used)]
    if not places:
        return Wholes()
    rows = tuple(
        Whole(
            tuple(settled.settings[index][draw.options[index]].config[key] for index, key in places),
            draw.times / total,
            draw.log_probability,
        )
        for draw in draws
    )
    return Wholes(tuple((settled.draft.layers[index].name, key) for index, key in places), rows)
