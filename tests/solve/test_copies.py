"""Where stretches of the list stand once more, and what that says about choices."""

from __future__ import annotations

from infer_convert.solve.copies import AROUND, LEAST, Twin, twins
from infer_convert.solve.elsewhere import Elsewhere
from infer_convert.solve.items import Item, Variant
from infer_convert.solve.past import History


def kinds(text: str) -> list[Item]:
    return [Item(f"{place}", (Variant(kind),)) for place, kind in enumerate(text)]


STRETCH = "abcdefghijklmnopqr"


def test_an_item_of_a_repeated_stretch_has_its_twin_in_the_nearest_copy() -> None:
    count = len(STRETCH)
    found = twins(kinds(f"{STRETCH}1{STRETCH}2{STRETCH}"))
    assert found[AROUND] == Twin(count + 1, count - AROUND)
    assert found[count + 1 + AROUND] == Twin(count + 1, count - AROUND)
    assert not any(found[2 * count + 2 :]), "nothing stands behind the last"


def test_the_ends_of_a_stretch_have_none() -> None:
    found = twins(kinds(f"{STRETCH}1{STRETCH}"))
    assert [twin is not None for twin in found[: len(STRETCH)]] == [
        AROUND - 1 <= place <= len(STRETCH) - AROUND for place in range(len(STRETCH))
    ]


def test_short_stretches_tell_nothing() -> None:
    short = STRETCH[: LEAST - 1]
    assert not any(twins(kinds(f"{short}1{short}2")))


WIDE = [("Conv", 8, 8), ("Activation", None, None), ("Conv", 8, 8), ("Conv", 8, 8)]
FIRST = [("Conv", 3, 8), ("Activation", None, None), ("Conv", 8, 5), ("Conv", 3, 5)]


def elsewhere(copy: list[tuple[str, int | None, int | None]]) -> Elsewhere:
    """Of a stretch of four that stands at 4 and, with other widths, at 0."""
    items = [
        Item(
            f"{place}",
            (Variant(kind, channels_in=into, channels_out=out, channels="fixed" if out is not None else "same"),),
        )
        for place, (kind, into, out) in enumerate([*copy, *WIDE])
    ]
    return Elsewhere(items, [Twin(4, 4 - place) for place in range(4)] + [None] * 4)


def past(*consumers: tuple[int, ...]) -> History:
    """What the items from the last on feed."""
    found = History()
    for fed in consumers:
        found = found.with_row((0, fed, None))
    return found


def test_a_choice_must_suit_the_widths_of_its_copies() -> None:
    """The activation feeds a convolution that takes 3 channels in the copy, and what would feed it makes 8."""
    found = elsewhere(FIRST)
    assert found.suits(past((), (), (6,)), 7, 4, [5]), "8 channels into what takes 8"
    assert not found.suits(past((), (), (7,)), 7, 4, [5]), "8 channels into what takes 3"
    assert not found.suits(past((), ()), 7, 5, [6, 7]), "8 and 3 channels of one tensor"


def test_copies_of_like_widths_tell_nothing() -> None:
    assert elsewhere(WIDE).suits(past((), ()), 7, 5, [6, 7])
