"""The last map of a net: which layer takes it, how large it may be, and what pictures that speaks for."""

from __future__ import annotations

import pytest

from infer_convert.clues.settings.final_maps import DEEP, SHALLOW, VERY_DEEP, favour, last_map, pictures

from .drafts import conv, dense, near, place


def chain(count: int, width: int, end: str = "g GlobalAveragePooling2D\nd Dense") -> str:
    return "\n".join(["x InputLayer", *(f"c{n} Conv2D" for n in range(count)), end]), {
        **{f"c{n}": conv(3, width if n else 3, width) for n in range(count)}, "d": dense(width, 10)
    }  # fmt: skip


def test_the_global_pooling_takes_it() -> None:
    text, configs = chain(3, 16)
    there = near(text, **configs)
    assert last_map(there) == place(there, "g") and favour(there, place(there, "c1"), {}) is None


def test_a_gate_does_not() -> None:
    there = near("x InputLayer\na Conv2D\ng GlobalAveragePooling2D\ne Dense\nm Multiply < a e\nb Conv2D")
    assert last_map(there) is None and pictures(there) is None


@pytest.mark.parametrize(("count", "width", "found"), [(DEEP, 512, True), (3, 512, False), (DEEP, 64, False)])
def test_a_wide_deep_backbone_gives_it(count: int, width: int, found: bool) -> None:
    text, configs = chain(count, width, "a Activation")
    there = near(text, **configs)
    assert last_map(there) == (place(there, "a") if found else None)


@pytest.mark.parametrize("width", [16, 2048])
def test_large_maps_are_odd_the_more_so_in_deep_nets(width: int) -> None:
    said = {}
    for count in (15, DEEP):
        text, configs = chain(count, width)
        there = near(text, **configs)
        nats = favour(there, place(there, "g"), {})
        assert nats is not None
        said[count] = [nats(((side, side, width),)) for side in (8, 32, 100)]
    assert said[DEEP] == sorted(said[DEEP], reverse=True) and len(set(said[DEEP])) == 3
    assert all(0.5 * deep == pytest.approx(few) for few, deep in zip(said[15], said[DEEP], strict=True))


@pytest.mark.parametrize(("told", "likeliest"), [(160, 5), (224, 7), (320, 10)])
def test_a_large_picture_that_is_told_is_halved_five_times(told: int, likeliest: int) -> None:
    text, configs = chain(DEEP, 512)
    there = near(text, **configs)
    nats = favour(there, place(there, "g"), {"x": (told, told, 3)})
    assert nats is not None
    sides = (told // 8, told // 16, told // 32, told // 64)
    assert max(sides, key=lambda side: nats(((side, side, 512),))) == likeliest


def test_narrow_nets_and_small_pictures_are_halved_as_often_as_they_like() -> None:
    for width, told in ((64, 224), (512, 64)):
        text, configs = chain(DEEP, width)
        there = near(text, **configs)
        nats, untold = (favour(there, place(there, "g"), given) for given in ({"x": (told, told, 3)}, {}))
        assert nats is not None and untold is not None
        assert all(nats(((side, side, width),)) == untold(((side, side, width),)) for side in (4, 8, 32))


def test_small_nets_pool_maps_of_any_size() -> None:
    text, configs = chain(SHALLOW, 16)
    there = near(text, **configs)
    assert last_map(there) == place(there, "g") and favour(there, place(there, "g"), {}) is None


def test_wide_nets_read_large_pictures() -> None:
    likeliest = {}
    for width in (16, 2048):
        text, configs = chain(DEEP, width)
        tried = pictures(near(text, **configs))
        assert tried is not None
        likeliest[width] = max(tried, key=lambda pair: pair[1])[0]
    assert likeliest == {16: 32, 2048: 224}


@pytest.mark.parametrize(
    ("count", "width", "smallest"), [(VERY_DEEP, 1024, 128), (DEEP, 1024, 32), (VERY_DEEP, 64, 32)]
)
def test_very_deep_wide_nets_are_tried_with_large_pictures_alone(count: int, width: int, smallest: int) -> None:
    text, configs = chain(count, width)
    tried = pictures(near(text, **configs))
    assert tried is not None and min(side for side, _ in tried) == smallest
