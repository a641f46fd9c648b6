"""The fit of people's habits on nets small enough to see through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import fit_settings as fitting
from infer_convert.clues.settings.habits import learned, weights
from infer_convert.library.references import Known, KnownLayer, KnownUse


def net(paddings: list[str], family: str = "toy", pool: int = 2) -> Known:
    """Convolutions by 3 with these paddings, a pool and a Dense."""
    layers = [KnownLayer("InputLayer", {"batch_shape": [None, 32, 32, 8]})]
    for padding in paddings:
        config = {"filters": 8, "kernel_size": [3, 3], "padding": padding, "strides": [1, 1], "use_bias": False}
        use = KnownUse("kernel", (3, 3, 8, 8), ((3, 3, 8, 8),))
        layers.append(KnownLayer("Conv2D", config, (use,), (((len(layers) - 1, 0),),)))
    config = {"pool_size": [pool, pool], "strides": [pool, pool], "padding": "valid"}
    layers.append(KnownLayer("MaxPooling2D", config, (), (((len(layers) - 1, 0),),)))
    return Known("net", family, "test", tuple(layers), (len(layers) - 1,))


def as_net(known: Known) -> fitting.Net:
    return fitting.Net(known.name, known.family, tuple(fitting.choices(known)))


def test_choices_find_what_the_net_has() -> None:
    found = list(fitting.choices(net(["same", "valid"], pool=3)))
    assert [choice.sort for choice in found] == ["conv", "conv", "pool"]
    golds = [choice.options[choice.gold] for choice in found]
    assert "conv.padding=same" in golds[0] and "conv.padding=valid" in golds[1] and "pool.window=3,3,valid" in golds[2]


def test_what_was_done_before_counts_from_the_second_time_on() -> None:
    first, second = list(fitting.choices(net(["same", "same"])))[:2]
    keeping = [{name for name in option if ".keeps padding" in name} for option in second.options]
    assert not any(".keeps" in name for option in first.options for name in option)
    assert keeping[second.gold] and any(not names for names in keeping)


def test_a_window_of_one_has_no_padding_to_learn() -> None:
    known = net(["same"])
    layer = known.layers[1]
    pointwise = KnownLayer("Conv2D", {**layer.config, "kernel_size": [1, 1]}, layer.uses, layer.operands)
    (choice, *_) = fitting.choices(Known("n", "f", "s", (known.layers[0], pointwise, *known.layers[2:]), (2,)))
    assert not any("padding" in name for option in choice.options for name in option)


def test_the_fit_learns_the_habit_and_says_how_it_fares_without_a_family() -> None:
    nets = [as_net(net(["same"] * 3, f"family{number}")) for number in range(4)]
    plain = fitting.judge(nets, {})
    learned = fitting.fit(nets, ridge=0.1)
    assert fitting.judge(nets, learned)["conv"][0] > plain["conv"][0]
    out = fitting.leave_one_out(nets, ridge=0.1)
    assert set(out) == {f"family{number}" for number in range(4)}
    assert all(groups["conv"][0] > plain["conv"][0] for groups in out.values()), "the others teach it"


def test_what_is_shipped_is_what_the_fit_writes(tmp_path: Path) -> None:
    nets = [as_net(net(["same"]))]
    fitting.write({"conv.stride=1": 0.5, "tiny": 0.001}, nets, tmp_path / "habits.json")
    written = json.loads((tmp_path / "habits.json").read_text())
    assert written["weights"] == {"conv.stride=1": 0.5} and "2 choices of 1 nets" in written["data"]
    assert 0.5 < weights()["conv.keeps padding"] < 3 and len(weights()) > 1000


def test_families_are_left_out_with_their_kin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And learned weights hold as long as they are asked for."""
    known = [net(["same"] * 3, "resnet"), net(["same"] * 3, "regnet"), net(["valid"] * 3, "vgg")]
    monkeypatch.setattr(fitting, "nets", lambda: map(as_net, known))
    monkeypatch.setattr(fitting, "CACHE", tmp_path)
    found = fitting.without(frozenset({"resnet"}))
    assert found["conv.padding=valid"] > 0 > found["conv.padding=same"]
    assert fitting.without(frozenset({"resnet"})) == found and len(list(tmp_path.rglob("*.json"))) == 1
    shipped = weights()
    with learned(found):
        assert weights() == found
    assert weights() == shipped
