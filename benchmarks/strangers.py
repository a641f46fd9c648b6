"""Weights-only files by strangers through the whole road up to the verification: which convert, and which fail why.

``python -m benchmarks strangers`` reads the corpus and writes ``benchmarks/results/strangers.tsv``, a line per file.
Converting says nothing about the function: ``corpus-kept.tsv`` compares that where the truth is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

COLUMNS = ("file", "generation", "layers", "exit", "bit_exact", "order", "confidence", "note")


def run(corpus: Path) -> Iterator[dict[str, str]]:
    """One line per weights-only file of the manifest."""
    from infer_convert.errors import InferConvertError
    from infer_convert.infer import infer
    from infer_convert.pipeline import build
    from infer_convert.readers import open_tensors, read

    for entry in json.loads((corpus / "manifest.json").read_text()):
        if entry["kind"] != "weights-only":
            continue
        line = dict.fromkeys(COLUMNS, "") | {"file": entry["id"], "bit_exact": "0"}
        try:
            facts = read(corpus / entry["file"])
            line |= {"generation": facts.generation, "layers": str(len(facts.layers))}
            with open_tensors(corpus / entry["file"]) as store:
                inference = infer(facts, tensors=store)
                built = build(inference.best, facts, store, {}, 1)
            said = built.verification
            line |= {
                "exit": "8" if inference.left_over else "0",
                "bit_exact": str(int(said.bit_exact)),
                "order": str(said.order_reproduced),
                "confidence": f"{inference.best.confidence:.3f}",
            }
        except InferConvertError as error:
            line |= {"exit": str(int(error.exit_code)), "note": " ".join(str(error).split())[:160]}
        yield line
