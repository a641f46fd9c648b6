"""What the real libraries wrote, generation by generation: does every file open, in the true order, and does the
weights-only variant give every tensor the layer and the role that the stored config gives it?

``python -m benchmarks written`` reads the corpus and writes ``benchmarks/results/written.tsv``, a line per file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infer_convert.facts import WeightFile
    from infer_convert.plan import Plan

COLUMNS = ("file", "generation", "kind", "exit", "order", "layers", "roles", "note")
SUFFIXES = (".h5", ".keras")


def run(corpus: Path) -> Iterator[dict[str, str]]:
    """One line per file. ``order`` is 1 when the layers stand as in ``model.layers``, empty where no truth is kept;
    ``layers`` and ``roles`` are ``right/total`` tensors of weights-only files whose config stands beside them."""
    from infer_convert.errors import InferConvertError
    from infer_convert.readers import read

    for path in sorted((corpus / "written").rglob("*")):
        if not path.name.endswith(SUFFIXES) and not path.name.endswith(".weights.json"):
            continue
        line = dict.fromkeys(COLUMNS, "") | {"file": "/".join(path.parts[-2:])}
        try:
            facts = read(path)
            line |= {"generation": facts.generation, "kind": facts.kind, "exit": "0", "order": _order(path, facts)}
            config = _config(path)
            if facts.kind == "weights-only" and config is not None:
                line |= _assigned(path, facts, config)
        except InferConvertError as error:
            line |= {"exit": str(int(error.exit_code)), "note": " ".join(str(error).split())[:160]}
        yield line


def summary(rows: list[dict[str, str]]) -> Iterator[str]:
    """The measures of the readers."""
    broken = [row for row in rows if "BROKEN-WRITER" in row["file"]]
    sound = [row for row in rows if row not in broken]
    ordered = [row for row in sound if row["order"]]
    told = [row for row in sound if row["layers"]]
    yield f"{sum(bool(row['generation']) for row in sound)} of {len(sound)} intact files open; " + (
        f"{sum(row['exit'] == '3' and bool(row['note']) for row in broken)} of {len(broken)} broken ones end in exit 3"
    )
    yield f"layer order exact in {sum(row['order'] == '1' for row in ordered)} of {len(ordered)} with a truth"
    for column in ("layers", "roles"):
        pairs = [tuple(map(int, row[column].split("/"))) for row in told]
        whole = sum(right == total for right, total in pairs)
        yield (
            f"{column}: {sum(right for right, _ in pairs)} of {sum(total for _, total in pairs)} tensors as the config"
            f" says, all of them in {whole} of {len(told)} weights-only files"
        )


def _order(path: Path, facts: WeightFile) -> str:
    side = path.with_name(f"{path.name.split('.')[0]}.truth.json")
    if not side.is_file():
        return ""
    truth = json.loads(side.read_text())["model_layers"]
    mine = [sorted(tensor.shape for tensor in layer.all_tensors()) for layer in facts.layers]
    true = [sorted(tuple(weight[1]) for weight in layer["weights"]) for layer in truth]
    named = not facts.names_are_real or [layer.name for layer in facts.layers] == [layer["name"] for layer in truth]
    return str(int(named and facts.order != "lost" and list(filter(None, mine)) == list(filter(None, true))))


def _config(path: Path) -> Mapping[str, Any] | None:
    stem = path.name.split(".")[0]
    side = path.with_name(f"{stem}.config.json")
    if not side.is_file():
        return None
    config = json.loads(side.read_text())
    return json.loads(config) if isinstance(config, str) else config


def _assigned(path: Path, facts: WeightFile, config: Mapping[str, Any]) -> dict[str, str]:
    """The inference from the weights alone against the rebuilt config, tensor by tensor."""
    from infer_convert.configs import plan_from_config
    from infer_convert.errors import NoArchitecture
    from infer_convert.infer import infer
    from infer_convert.readers import open_tensors

    try:
        true = plan_from_config(replace(facts, model_config=config)).best
    except NoArchitecture as error:
        return {"note": f"config: {' '.join(str(error).split())[:140]}"}
    wanted, true_groups = _places(true), _groups(true)
    try:
        with open_tensors(path) as store:
            found = infer(facts, tensors=store).best
    except NoArchitecture as error:
        return {
            "exit": str(int(error.exit_code)),
            "layers": f"0/{len(true_groups)}",
            "roles": f"0/{len(wanted)}",
            "note": " ".join(str(error).split())[:200],
        }
    places, inner, outer = _places(found), _groups(found), _groups(found, whole=True)
    layers = [group in (inner.get(tensor), outer.get(tensor)) for tensor, group in true_groups.items()]
    wrong = [
        f"{source}: {places.get(source)} for {place}" for source, place in wanted.items() if places.get(source) != place
    ]
    return {
        "layers": f"{sum(layers)}/{len(layers)}",
        "roles": f"{len(wanted) - len(wrong)}/{len(wanted)}",
        "note": "; ".join(wrong[:2])[:200],
    }


def _places(plan: Plan) -> dict[str, tuple[str, int]]:
    """Per tensor its variable (that of a wrapped layer without the wrapper) and its number among the sources. Layers
    of the author's own class have attributes, not roles."""
    from infer_convert.layers import CARD_OF

    return {
        source: (use.variable.removeprefix("layer."), number)
        for _, layer in plan.walk()
        for use in layer.weights
        if layer.class_name in CARD_OF
        for number, source in enumerate(use.sources)
    }


def _groups(plan: Plan, whole: bool = False) -> dict[str, frozenset[str]]:
    """Per tensor all tensors of its layer; ``whole`` takes a nested model as one layer."""
    members: dict[str, set[str]] = {}
    for name, layer in plan.walk():
        for use in layer.weights:
            members.setdefault(name.partition("/")[0] if whole else name, set()).update(use.sources)
    return {source: frozenset(group) for group in members.values() for source in group}
