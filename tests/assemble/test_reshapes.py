"""Targets of a Reshape."""

from __future__ import annotations

from infer_convert.assemble.inputs import depends_on_size
from infer_convert.assemble.reshapes import targets
from infer_convert.assemble.wanted import wanted

from ..clues.drafts import conv, dense, near, place


def test_a_square_in_front_of_a_dot() -> None:
    there = near("x InputLayer\nv Dense < x\nm Reshape < v\ndot Dot < x m", v=dense(3, 9))
    index = place(there, "m")
    settings, functions = targets(there, index, there.draft.layers[index])
    made = {function(((9,),)) for function in functions}
    assert (3, 3) in made and len(settings) == len(functions)
    assert (3, 3) not in {function(((10,),)) for function in functions}


def test_no_square_elsewhere() -> None:
    there = near("x InputLayer\nv Dense\nm Reshape\nc Conv1D", v=dense(3, 9),
                 c={"kernel_size": [3], "_channels_in": 1, "filters": 2})  # fmt: skip
    index = place(there, "m")
    assert {"square"}.isdisjoint(s.config["_target"][0] for s in targets(there, index, there.draft.layers[index])[0])


_LABELLED = """
noise InputLayer
label InputLayer
v Dense < noise
e Embedding < label
w Dense < e
a Reshape < v
b Reshape < w
j Concatenate < a b
c Conv2D
"""


def test_even_maps_of_a_sum() -> None:
    there = near(_LABELLED, v=dense(100, 32 * 49), w=dense(20, 49),
                 e={"input_dim": 10, "output_dim": 20}, c=conv(3, 33, 8))  # fmt: skip
    for name, operand, target in (("a", (32 * 49,), (7, 7, 32)), ("b", (1, 49), (7, 7, 1))):
        index = place(there, name)
        _, functions = targets(there, index, there.draft.layers[index])
        assert target in {function((operand,)) for function in functions}


def test_a_label_beside_an_image() -> None:
    """The map of the category brings one channel, the image the rest; its length is one token."""
    text = "x InputLayer\nlabel InputLayer\ne Embedding < label\nw Dense\nb Reshape\nj Concatenate < x b\nc Conv2D"
    there = near(text, e={"input_dim": 10, "output_dim": 20}, w=dense(20, 32 * 32), c=conv(3, 4, 8))
    assert wanted(there.draft, place(there, "x")).channels == 3
    assert depends_on_size(there.draft)
    index = place(there, "b")
    _, functions = targets(there, index, there.draft.layers[index])
    assert (32, 32, 1) in {function(((1, 32 * 32),)) for function in functions}


def test_a_gate_is_made_as_wide_as_the_map_that_it_gates() -> None:
    """Behind the last gate a Flatten hides how many axes are wanted."""
    text = """x InputLayer
        c Conv2D
        g GlobalAveragePooling2D
        e Dense
        r Reshape
        m Multiply < c r
        f Flatten
        d Dense"""
    there = near(text, c=conv(3, 3, 8), e=dense(8, 8), d=dense(8 * 36, 2))
    index = place(there, "r")
    settings, functions = targets(there, index, there.draft.layers[index])
    best = max(range(len(settings)), key=lambda number: settings[number].log_prior)
    assert functions[best](((8,),)) == (1, 1, 8)


def test_as_many_rows_as_the_vector_has_that_weighs_them() -> None:
    there = near("x InputLayer\ne Dense < x\ng Dense < x\nm Reshape < e\ndot Dot < g m", e=dense(3, 64), g=dense(3, 4))
    index = place(there, "m")
    _, functions = targets(there, index, there.draft.layers[index])
    assert (4, 16) in {function(((64,),)) for function in functions}
    assert all(function(((66,),)) != (4, 16) for function in functions)
