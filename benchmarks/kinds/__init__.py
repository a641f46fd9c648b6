"""Files of the kinds that strangers publish, written here by the real libraries: which convert, and which fail why.

``python -m benchmarks kinds`` writes ``benchmarks/results/kinds.tsv``, a line per file. ``same``: the outputs are the
original's with nothing told but the file (with ``shape``: and the inputs' shapes), up to output activations.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.kinds import forms
from benchmarks.kinds.foreign import FOREIGN, OLD
from benchmarks.kinds.nets import NETS, Make

COLUMNS = ("file", "layers", "exit", "bit_exact", "same", "shape", "confidence", "note")


def cases() -> Iterator[tuple[Make, str, forms.Write]]:
    """Every net, library and form."""
    for make in (*NETS, *FOREIGN):
        for library, ways in (("tf_keras", forms.TF_KERAS), ("keras", forms.KERAS)):
            if make.__name__ == "subclassed" or (make in FOREIGN and library == "keras"):
                ways = tuple(way for way in ways if way in (forms.legacy, forms.tree))
            for way in ways:
                yield make, library, way
        for way in forms.BY_HAND if make.__name__ in forms.HANDLED else ():
            yield make, "tf_keras", way
    for make in OLD:
        for way in forms.TF_KERAS:
            yield make, "tf_keras", way


def run(only: Sequence[str] = ()) -> Iterator[dict[str, str]]:
    """One line per file; one that its library cannot write is left out."""
    import keras
    import tf_keras

    warnings.simplefilter("ignore")
    libraries = {"tf_keras": tf_keras, "keras": keras}
    for make, library, way in cases():
        if only and make.__name__ not in only:
            continue
        for each in libraries.values():
            each.backend.clear_session()
        libraries[library].utils.set_random_seed(7)
        with tempfile.TemporaryDirectory() as folder:
            try:
                model = make(libraries[library])
                path = way(model, Path(folder))
            except Exception as error:
                yield {"file": _name(make, library, way), "note": f"not written: {' '.join(str(error).split())[:120]}"}
                continue
            yield {"file": _name(make, library, way), **outcome(model, path)}


def _name(make: Make, library: str, way: forms.Write) -> str:
    return f"{make.__name__} {library} {way.__name__}"


def outcome(model: Any, path: Path) -> dict[str, str]:
    """The whole road for one file, and whether the result computes what the model does."""
    from infer_convert.errors import InferConvertError
    from infer_convert.infer import infer
    from infer_convert.readers import open_tensors, read

    line = dict.fromkeys(COLUMNS[1:], "") | {"bit_exact": "0"}
    facts = None
    try:
        facts = read(path)
        line["layers"] = str(len(facts.layers))
        with open_tensors(path) as store:
            inference = infer(facts, tensors=store)
            built = _built(inference, facts, store)
            line |= {
                "exit": "8" if inference.left_over else "0",
                "bit_exact": str(int(built.verification.bit_exact)),
                "confidence": f"{inference.best.confidence:.3f}",
                "same": _same(model, built.model),
            }
    except InferConvertError as error:
        line |= {"exit": str(int(error.exit_code)), "note": " ".join(str(error).split())[:200]}
    except Exception as error:
        line |= {"exit": "1", "note": f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"}
    weights_only = facts is not None and facts.model_config is None
    if weights_only and line["same"] != "1" and getattr(model, "inputs", None):
        line["shape"] = _with_shapes(model, path, facts)
    return line


def _built(inference: Any, facts: Any, store: Any) -> Any:
    """The first plan that builds and verifies, as the command takes it."""
    from infer_convert.errors import NoArchitecture, VerificationFailed
    from infer_convert.pipeline import build

    failures = []
    for rank, plan in enumerate(inference.plans, 1):
        try:
            return build(plan, facts, store, {}, rank)
        except (NoArchitecture, VerificationFailed) as error:
            failures.append(error)
    raise failures[0]


def _with_shapes(model: Any, path: Path, facts: Any) -> str:
    from infer_convert.errors import InferConvertError
    from infer_convert.hints import Hints
    from infer_convert.infer import infer
    from infer_convert.readers import open_tensors

    shapes = tuple(tuple(tensor.shape[1:]) for tensor in model.inputs)
    try:
        with open_tensors(path) as store:
            inference = infer(facts, Hints(input_shapes={"": shapes}), store)
            return _same(model, _built(inference, facts, store).model)
    except InferConvertError:
        return "0"
    except Exception:
        return "crash"


def _same(model: Any, ours: Any) -> str:
    from benchmarks.functional import compare
    from benchmarks.probe import logits, outputs, random_inputs

    try:
        given = [random_inputs(model, seed) for seed in (1, 2)]
        wanted = given, [outputs(model, each) for each in given], [logits(model, each) for each in given]
    except Exception:
        return ""
    try:
        return str(int(compare(ours, wanted)[0]))
    except Exception:
        return "0"


def summary(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """By form: files, exits, the same function."""
    written = [row for row in rows if row.get("exit")]
    for way in dict.fromkeys(row["file"].split(" ", 1)[1] for row in written):
        mine = [row for row in written if row["file"].endswith(f" {way}")]
        yield _counted(way, mine)
    yield _counted("all", written)


def _counted(title: str, rows: Sequence[dict[str, str]]) -> str:
    converted = sum(row["exit"] == "0" and row["bit_exact"] == "1" for row in rows)
    same = sum(row["same"] == "1" for row in rows)
    shaped = sum("1" in (row["same"], row["shape"]) for row in rows)
    return f"{title}: {len(rows)} files, {converted} convert with exit 0, {same} compute the same, {shaped} with shapes"
