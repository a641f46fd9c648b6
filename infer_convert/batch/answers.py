"""One answer for a whole cluster: hints are written with one file's layer names and carried to the others by position.

``--hints FILE`` holds for every file, ``--hints CLUSTER=FILE`` for a cluster or a family, ``--hints FOLDER`` for the
clusters and families that its files are named after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infer_convert.errors import UsageError
from infer_convert.hints import Hints, load_hints


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user knows: of every file, and of clusters or families by their id (or a unique beginning of it).

    ``named`` are those that must be there; a folder may hold answers for others, too.
    """

    common: Hints = field(default_factory=Hints)
    special: Mapping[str, Hints] = field(default_factory=dict)
    named: frozenset[str] = frozenset()

    def of(self, cluster: str, family: str) -> Hints:
        """The hints of one cluster: its own before its family's before the common ones."""
        found = self.common
        for wanted in (family, cluster):
            for name in sorted(self.special):
                if wanted.startswith(name):
                    found = merged(found, self.special[name])
        return found


def load_answers(arguments: Sequence[str], common: Hints) -> Answers:
    """Read what ``--hints`` names. Raises UsageError."""
    special: dict[str, Hints] = {}
    named = set()
    for text in arguments:
        cluster, sign, file = text.partition("=")
        if sign and not Path(text).exists():
            named.add(cluster)
            special[cluster] = merged(special.get(cluster, Hints()), load_hints(Path(file)))
        elif Path(text).is_dir():
            for path in sorted(Path(text).iterdir()):
                if path.suffix in (".toml", ".json"):
                    special[path.stem] = merged(special.get(path.stem, Hints()), load_hints(path))
        else:
            common = merged(common, load_hints(Path(text)))
    return Answers(common, special, frozenset(named))


def check_answers(answers: Answers, known: Sequence[str]) -> None:
    """Raise UsageError for hints of a cluster or family that no file belongs to, or whose name is too short."""
    for name in sorted(answers.named):
        hits = sorted({item for item in known if item.startswith(name)})
        if len(hits) != 1:
            there = ", ".join(hits[:5] or sorted(known)[:5]) or "none"
            raise UsageError(f"--hints {name}: expected the id of one cluster or family, found {len(hits)} ({there})")


def merged(below: Hints, above: Hints) -> Hints:
    """Both; ``above`` wins."""
    return replace(
        below,
        input_shapes={**below.input_shapes, **above.input_shapes},
        answers={**below.answers, **above.answers},
        outputs=above.outputs or below.outputs,
        library=below.library and above.library,
        data_format=above.data_format or below.data_format,
        without_families=below.without_families | above.without_families,
    )


def carried(hints: Hints, spoken: Sequence[str], own: Sequence[str]) -> Hints:
    """Hints written with the layer names ``spoken``, in the words of a file whose layers are called ``own``.

    Layers correspond by position; with another number of layers (a family's other cluster) the hints stay as they are
    for names that the file has, and the rest is dropped.
    """
    if tuple(spoken) == tuple(own):
        return hints
    if len(spoken) != len(own):
        there, theirs = set(own), set(spoken)
        foreign = {name for name in theirs if name not in there}
        return replace(hints, answers={key: value for key, value in hints.answers.items() if key[0] not in foreign})
    names = dict(zip(spoken, own, strict=True))
    return replace(
        hints,
        input_shapes={names.get(name, name): shapes for name, shapes in hints.input_shapes.items()},
        answers={
            (_name(layer, names), key): _value(key, value, names) for (layer, key), value in hints.answers.items()
        },
        outputs=tuple(_reference(name, names) for name in hints.outputs),
    )


def translated(field_name: str, value: Any, names: Mapping[str, str]) -> Any:
    """A decision's value with the layers it mentions renamed."""
    return _value(field_name, value, names)


def _value(key: str, value: Any, names: Mapping[str, str]) -> Any:
    if key != "inbound":
        return value
    if isinstance(value, str):
        return _reference(value, names)
    return [_value(key, item, names) for item in value] if isinstance(value, list | tuple) else value


def _name(layer: str, names: Mapping[str, str]) -> str:
    """A layer's own new name, or that of the nested model it is in (``outer/inner``)."""
    if layer in names:
        return names[layer]
    outer, slash, inner = layer.partition("/")
    return f"{names.get(outer, outer)}{slash}{inner}"


def _reference(text: str, names: Mapping[str, str]) -> str:
    """``layer:call:tensor`` renamed."""
    layer, colon, rest = text.partition(":")
    return f"{_name(layer, names)}{colon}{rest}"
