"""Targets of a Reshape."""

from __future__ import annotations

from infer_convert.assemble.reshapes import targets

from ..clues.drafts import dense, near, place


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
