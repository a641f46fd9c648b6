"""What the first row of an Embedding tells about ``mask_zero``, on small recurrent nets that are trained here:
``python -m benchmarks.padded`` (three minutes). Sentences are padded with 0 in front, behind or not at all; words
follow Zipf's law.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infer_convert.clues.numbers import padding

Array = NDArray[Any]
SENTENCES, LENGTH, EPOCHS, BATCH = 512, 14, 4, 32
PADDINGS = ("in front", "behind", "none")
OPTIMIZERS = ("adam", "rmsprop", "momentum")
SIZES = ((60, 8), (400, 16), (1500, 8))
"""Words and numbers of each."""
LAYERS = ("LSTM", "GRU", "Bidirectional")


@dataclass(frozen=True, slots=True)
class Case:
    """One net: whether its padding is masked, and everything else."""

    masked: bool
    padding: str
    optimizer: str
    words: int
    width: int
    layer: str
    default: bool
    """Whether the rows start as Keras draws them, or as ``normal(0, 0.1)``."""


def cases() -> Iterator[Case]:
    """Every way to mask, pad and train; sizes, layers and first numbers in turn."""
    for number, (masked, padded, optimizer, size) in enumerate(
        product((False, True), PADDINGS, OPTIMIZERS, SIZES)
    ):
        yield Case(masked, padded, optimizer, *size, LAYERS[number % 3], number % 5 != 4)


def trained(case: Case, seed: int) -> tuple[Array, Array]:
    """The table before and after the training."""
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    first = "uniform" if case.default else keras.initializers.RandomNormal(stddev=0.1)
    table = keras.layers.Embedding(case.words, case.width, mask_zero=case.masked, embeddings_initializer=first)
    inner = {"LSTM": keras.layers.LSTM, "GRU": keras.layers.GRU}.get(case.layer)
    layer = inner(8) if inner else keras.layers.Bidirectional(keras.layers.LSTM(6))
    model = keras.Sequential(
        [keras.Input((LENGTH,), dtype="int32"), table, layer, keras.layers.Dense(1, "sigmoid")]
    )
    before = np.array(table.embeddings)
    chosen = {"momentum": keras.optimizers.SGD(0.3, momentum=0.9)}.get(case.optimizer, case.optimizer)
    model.compile(chosen, "binary_crossentropy")
    model.fit(*_sentences(case, rng), batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return before, np.array(table.embeddings)


def _sentences(case: Case, rng: np.random.Generator) -> tuple[Array, Array]:
    labels = rng.integers(0, 2, SENTENCES)
    found = np.zeros((SENTENCES, LENGTH), "int32")
    chances = 1 / np.arange(1, case.words)
    for row, label in enumerate(labels):
        length = LENGTH if case.padding == "none" else int(rng.integers(3, LENGTH + 1))
        words = rng.choice(np.arange(1, case.words), length, p=chances / chances.sum())
        words = words - (words % 2 != label) * (words > 1) * (rng.random(length) < 0.5)
        start = LENGTH - length if case.padding == "in front" else 0
        found[row, start : start + length] = words
    return found, labels


def main() -> None:
    """One line per net and the sums."""
    spoken = right = fresh = count = 0
    by_nats: dict[int, list[bool]] = {}
    for seed, case in enumerate(cases()):
        before, after = trained(case, seed)
        nats, loud = padding.masked(after), padding.masked(before)
        count += 1
        fresh += loud is not None
        said = "silent" if nats is None else f"{nats:+.2f}"
        print(case, said, flush=True)
        if nats is not None:
            spoken += 1
            right += (nats > 0) == case.masked
            by_nats.setdefault(round(nats), []).append(case.masked)
    print(f"{right} of {spoken} right, {count - spoken} of {count} silent; untrained: spoke {fresh} of {count} times")
    for nats, masked in sorted(by_nats.items()):
        print(f"{nats:+d} nats: masked {sum(masked)} of {len(masked)}")


if __name__ == "__main__":
    main()
