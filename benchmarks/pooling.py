"""Do checkpoints of one training run help each other?

``python -m benchmarks pooling`` trains ten small architectures of the zoo for some seconds each and saves the weights
after every one of five epochs. Each checkpoint is inferred alone; then as ``infer-convert batch`` would do it: what the
trained numbers of all five say is added up, what they agree on becomes hints, and each is inferred again with them.
Counted is the function: the best plan built, the checkpoint's numbers in, against what the original computes.
``results/pooling.tsv`` has one line per architecture, without and with the input shapes given.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.engine import hints_for
from benchmarks.functional import Probes, function
from benchmarks.probe import logits, outputs, random_inputs, shapes
from benchmarks.zoo.cases import CASES as ZOO
from benchmarks.zoo.cases import Case
from benchmarks.zoo.training import seed_of, settle

CASES = (
    "mlp_normalised", "fashion_bn", "resnet_post", "resnet_pre", "inverted_residual", "dense_blocks", "inception",
    "unet_transposed", "dcgan_generator", "lstm_text",
)  # fmt: skip
EPOCHS = 5
COLUMNS = (
    "case", "given", "alone", "pooled", "logits_alone", "logits_pooled", "agreed", "confidence_alone",
    "confidence_pooled",
)  # fmt: skip
"""``alone`` and ``pooled``: checkpoints of five whose best plan computes the original's function (``logits_``: up to
the output activation). ``agreed`` answers became hints.
Confidences are means over the five."""


def run(names: Sequence[str] = CASES) -> Iterator[dict[str, str]]:
    """Two lines per architecture."""
    for name in names:
        case = next(item for item in ZOO if item.name == name)
        with tempfile.TemporaryDirectory() as folder:
            made, inputs = _checkpoints(case, Path(folder))
            for given in (False, True):
                yield _line(case, made, inputs, given)


def _checkpoints(case: Case, folder: Path) -> tuple[list[tuple[Path, Probes]], Any]:
    import keras

    keras.utils.set_random_seed(seed_of(case.name) % 2**31)
    model = case.build("keras")
    arrays = [random_inputs(model, seed_of(case.name) + probe) for probe in range(2)]
    made: list[tuple[Path, Probes]] = []

    def keep(epoch: int) -> None:
        path = folder / f"epoch{epoch}.weights.h5"
        model.save_weights(path)
        made.append((path, (arrays, [outputs(model, x) for x in arrays], [logits(model, x) for x in arrays])))

    settle(model, case.name, True, EPOCHS, keep)
    sizes = shapes(model)
    keras.backend.clear_session()
    return made, sizes


def _line(case: Case, made: Sequence[tuple[Path, Probes]], sizes: Any, given: bool) -> dict[str, str]:
    from infer_convert.batch.shared import Asked, agreed, shared_questions
    from infer_convert.batch.work import DOUBTFUL, heard, questions
    from infer_convert.hints import load_hints
    from infer_convert.readers import open_tensors, read
    from infer_convert.report.document import document

    hints = hints_for(sizes, given, False)
    alone, asked = [], []
    for path, probes in made:
        facts = read(path)
        with open_tensors(path) as store:
            found, judged = _inferred(facts, hints, store, probes)
        alone.append(judged)
        if found is not None:
            told = document(facts, found)
            asked.append(Asked(path.name, tuple(layer.name for layer in facts.layers), questions(told), heard(told)))
    text = agreed(shared_questions(asked), DOUBTFUL) if asked else ""
    path = made[0][0].with_suffix(".toml")
    path.write_text(text)
    answers = load_hints(path)
    together = []
    merged = replace(
        hints, answers=answers.answers, input_shapes={**answers.input_shapes, **hints.input_shapes}
    )
    for path, probes in made if text else ():
        with open_tensors(path) as store:
            together.append(_inferred(read(path), merged, store, probes)[1])
    together = together or alone
    return {
        "case": case.name,
        "given": str(int(given)),
        "alone": str(sum(item[0] for item in alone)),
        "pooled": str(sum(item[0] for item in together)),
        "logits_alone": str(sum(item[1] for item in alone)),
        "logits_pooled": str(sum(item[1] for item in together)),
        "agreed": str(len(answers.answers)),
        "confidence_alone": f"{sum(item[2] for item in alone) / len(alone):.2f}",
        "confidence_pooled": f"{sum(item[2] for item in together) / len(together):.2f}",
    }


def _inferred(facts: Any, hints: Any, store: Any, probes: Probes) -> tuple[Any, tuple[bool, bool, float]]:
    """The inference (None when there is none) and whether its best plan has the function, the logits; confidence."""
    from infer_convert.errors import InferConvertError
    from infer_convert.infer import infer

    try:
        found = infer(facts, hints, store)
    except InferConvertError:
        return None, (False, False, 0.0)
    judged = function(found.best, facts, store, probes)
    return found, (bool(judged.exact), bool(judged.logits), found.best.confidence)


def summary(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Sums over the architectures."""
    for given, title in (("0", "nothing given"), ("1", "input shapes given")):
        mine = [row for row in rows if row["given"] == given]
        sums = {name: sum(int(row[name]) for row in mine) for name in COLUMNS[2:7]}
        yield (
            f"{title}: of {EPOCHS * len(mine)} checkpoints {sums['alone']} have the function alone, {sums['pooled']}"
            f" pooled (up to the output activation {sums['logits_alone']} and {sums['logits_pooled']});"
            f" {sums['agreed']} answers agreed"
        )
