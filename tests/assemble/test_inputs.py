"""What an input's consumers demand of it, and which shapes are tried."""

from __future__ import annotations

from typing import Any

import pytest

from infer_convert.assemble.inputs import Wanted, by_name, candidates, depends_on_size, wanted

from ..clues.drafts import conv, dense, draft

RECURRENT = {"_channels_in": 7, "units": 4}

DEMANDS: dict[str, tuple[str, dict[str, Any], Wanted]] = {
    "dense": ("d Dense", {"d": dense(5, 2)}, Wanted(1, 5)),
    "image": ("c Conv2D", {"c": conv(3, 3, 8)}, Wanted(3, 3)),
    "series": ("c Conv1D", {"c": conv(3, 6, 8, 1)}, Wanted(2, 6)),
    "recurrent": ("r LSTM", {"r": RECURRENT}, Wanted(2, 7)),
    "words": ("e Embedding", {"e": {"input_dim": 9, "output_dim": 4}}, Wanted(1, None, indices=True)),
    "through what keeps the shape": ("drop Dropout\nz ZeroPadding2D\nc Conv2D", {"c": conv(3, 3, 8)}, Wanted(3, 3)),
    "flattened": ("f Flatten\nd Dense", {"d": dense(784, 2)}, Wanted(flat=784)),
    "the strictest": ("g Dense < x\nc Conv2D < x", {"g": dense(3, 2), "c": conv(3, 3, 8)}, Wanted(3, 3)),
    "nothing": ("drop Dropout", {}, Wanted()),
}


@pytest.mark.parametrize("name", DEMANDS)
def test_wanted(name: str) -> None:
    text, sizes, expected = DEMANDS[name]
    assert wanted(draft(f"x InputLayer\n{text}", **sizes), 0) == expected


def test_what_a_sum_leaves_for_the_input() -> None:
    there = draft("x InputLayer\ny InputLayer\na Dense < x\nj Concatenate < a y\nd Dense", a=dense(5, 4), d=dense(6, 1))
    assert wanted(there, 1) == Wanted(1, 2)


def shapes(text: str, fixed: bool, **sizes: Any) -> list[tuple[int | None, ...]]:
    found = candidates(draft(f"x InputLayer\n{text}", **sizes), 0, fixed)
    return [shape for shape, _ in sorted(found, key=lambda item: -item[1])]


def test_images() -> None:
    grey, colour = (shapes("c Conv2D", True, c=conv(3, channels, 8)) for channels in (1, 3))
    assert grey[0] == (28, 28, 1) and (66, 200, 1) in grey and {shape[-1] for shape in grey} == {1}
    assert (28, 28, 3) not in colour[:10] and {(224, 224, 3), (32, 32, 3)} == set(colour[:2])
    assert len(shapes("c Conv2D", False, c=conv(3, 3, 8))) < 10 < len(colour)


def test_vectors_and_sequences() -> None:
    assert shapes("d Dense", True, d=dense(5, 2)) == [(5,)]
    assert shapes("r LSTM", True, r=RECURRENT)[0] == (100, 7)
    assert shapes("e Embedding", False, e={"output_dim": 4}) == [(None,)]


def test_a_flattened_image_is_square() -> None:
    assert shapes("f Flatten\nd Dense", True, d=dense(784, 2))[0] == (28, 28)
    assert shapes("f Flatten\nd Dense", True, d=dense(3072, 2))[0] == (32, 32, 3)


@pytest.mark.parametrize(("text", "expected"), [("f Flatten", True), ("g GlobalAveragePooling2D", False)])
def test_what_depends_on_the_size(text: str, expected: bool) -> None:
    there = draft(f"x InputLayer\nc Conv2D\n{text}\nd Dense", c=conv(3, 3, 8), d=dense(8, 2))
    assert depends_on_size(there) is expected


def test_given_shapes_go_by_name_then_in_order() -> None:
    given = {"b": ((3,),), "": ((1,), (2,))}
    assert by_name(["a", "b", "c"], given) == {"b": (3,), "a": (1,), "c": (2,)}  # type: ignore[arg-type]
    assert by_name(["a"], {}) == {}
