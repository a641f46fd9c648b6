"""Which layers a sum goes around."""

from __future__ import annotations

from infer_convert.clues.settings.ways import bypasses

from .drafts import conv, near


def words(text: str) -> dict[str, str]:
    there = near(text)
    return {there.draft.layers[index].name: word for index, word in bypasses(there).items()}


def test_what_a_sum_adds_unchanged_and_what_a_shortcut_changes() -> None:
    assert words("x InputLayer\nc Conv2D\na Conv2D\nb BatchNormalization\nj Add < c b\nd Conv2D") == {
        "a": "same", "b": "same",
    }  # fmt: skip
    assert words("x InputLayer\nc Conv2D\na Conv2D\ns Conv2D < c\nj Add < s a") == {"a": "other", "s": "other"}


def test_gates_are_left_aside() -> None:
    gated = "g GlobalAveragePooling2D\ne Dense\nm Multiply < a e\nb Conv2D"
    found = words(f"x InputLayer\nc Conv2D\na Conv2D\n{gated}\nj Add < c b")
    assert found == {"a": "same", "m": "same", "b": "same"}


def test_a_chain_has_none() -> None:
    assert not words("x InputLayer\na Conv2D\nb MaxPooling2D")


def test_a_projection_that_only_leads_to_the_next_sum_is_no_shortcut() -> None:
    """A block without a sum, whose last convolution the next block's sum goes around with."""
    there = near("x InputLayer\np Conv2D\nn BatchNormalization\na Conv2D\nj Add < n a", p=conv(1, 32, 16))
    assert bypasses(there).get(1) is None
