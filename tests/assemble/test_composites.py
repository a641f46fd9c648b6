"""Layers of people's own that many people copy."""

from __future__ import annotations

import pytest

from infer_convert.assemble.composites import composite_reading
from infer_convert.hints import Hints
from infer_convert.infer import infer
from infer_convert.layers.recognise import Reading
from infer_convert.plan import Basis

from .files import facts, layers

HEADS = "8x2x4", "2x4"
TRANSFORMER = (
    "transformer_block "
    + " ".join(f"att/{part}_dense/0:8x2x4 att/{part}_dense/1:2x4" for part in ("key", "query", "value"))
    + " att/output_dense/0:2x4x8 att/output_dense/1:8 f1/0:8x16 f1/1:16 f2/0:16x8 f2/1:8"
    + " ln1/0:8 ln1/1:8 ln2/0:8 ln2/1:8"
)


def reading(text: str) -> Reading | None:
    (layer,) = layers(text)
    return composite_reading(layer, facts("x"), Hints())


@pytest.mark.parametrize(
    ("text", "given", "made"),
    [
        ("attention_1 att_wt:16x1 att_b:20x1", (20, 16), (16,)),
        ("attention W:16 b:20", (20, 16), (16,)),
        ("att_layer W:16x5 b:5 u:5x1", (None, 16), (16,)),
        ("tok_pos p/0:40x8 t/0:200x8", (40,), (40, 8)),
        ("embed token_emb/embeddings:30x8 pos_emb/embeddings:40x8", (40,), (40, 8)),
        ("patch_encoder position_embedding/0:16x8 projection/0:192x8 projection/1:8", (16, 192), (16, 8)),
        (TRANSFORMER, (None, 8), (None, 8)),
    ],
)
def test_tensors_tell_the_layer(text: str, given: tuple[int | None, ...], made: tuple[int | None, ...]) -> None:
    found = reading(text)
    assert found is not None
    assert found.fit.config["_input_shape"] == given
    operand = tuple(9 if length is None else length for length in given)
    wanted = tuple(9 if length is None else length for length in made)
    assert found.card.shape(found.fit.config, (operand,)) == wanted
    plan = found.fit.config["_plan"]
    (layer,) = layers(text)
    assert {path for item in plan.layers for use in item.weights for path in use.sources} == {
        tensor.path for tensor in layer.tensors
    }


@pytest.mark.parametrize("text", ["odd W:16 b:20", "mine a:16x1 b:20x1", "odd a/0:40x8 b/0:20x9", "odd a:3x5x2 b:7"])
def test_others_stay_unknown(text: str) -> None:
    assert reading(text) is None


def test_the_class_of_the_user_comes_first() -> None:
    text = "input_1\nattention_1 att_wt:16x1 att_b:20x1\ndense kernel:16x2 bias:2"
    hints = Hints(answers={("attention_1", "class_name"): "Mine"}, customs=frozenset({"Mine"}))
    assert infer(facts(text), hints).best.layer("attention_1").class_name == "Mine"
    assert infer(facts(text)).best.layer("attention_1").inner is not None


ATTENTION = "input_1\nattention_1 att_wt:16x1 att_b:20x1\ndense kernel:16x2 bias:2"


def test_what_is_told_of_a_step_is_the_user_s() -> None:
    """The report asks about the last step's class and shows the settings of all; either can be told."""
    free = infer(facts(ATTENTION)).best.layer("attention_1").inner
    assert free is not None
    last, scores = free.layers[-1], next(layer for layer in free.layers if "activation" in layer.config)
    answers = {
        (f"attention_1/{last.name}", "class_name"): last.class_name,
        (f"attention_1/{scores.name}", "activation"): "relu",
    }
    told = infer(facts(ATTENTION), Hints(answers=answers)).best.layer("attention_1").inner
    assert told is not None and told.layer(scores.name).config["activation"] == "relu"
    for (name, field), value in answers.items():
        decision = told.layer(name.partition("/")[2]).decision(field)
        assert decision is not None and (decision.basis, decision.value) == (Basis.USER, value)


SCALED = (
    "input_1\nstem kernel:4x4x3x8 bias:8\ndw depthwise_kernel:7x7x8x1 bias:8\nnorm gamma:8 beta:8\n"
    "{} {}:8\nglobal_average_pooling2d\nhead kernel:8x3 bias:3"
)


@pytest.mark.parametrize("role", ["gamma", "0"])
@pytest.mark.parametrize("name", ["layer_scale", "stage_0_block_1_layer_scale"])
def test_a_layer_scale_is_no_normalisation(name: str, role: str) -> None:
    """One vector is what a LayerNormalization without offset keeps too; its name says what it is."""
    found = infer(facts(SCALED.format(name, role))).best.layer(name).inner
    assert found is not None
    (scale,) = (each for each in found.layers if each.class_name != "InputLayer")
    assert scale.class_name == "DepthwiseConv2D" and [use.shape for use in scale.weights] == [(1, 1, 8, 1)]
    assert scale.decisions[0].confidence == pytest.approx(0.8)


@pytest.mark.parametrize("text", [SCALED.format("norm_2", "gamma"), "up kernel:6x8 bias:8\nlayer_scale gamma:8"])
def test_other_names_and_nets_without_maps_keep_their_normalisations(text: str) -> None:
    classes = {layer.class_name for layer in infer(facts(text)).best.layers}
    assert "Functional" not in classes and any("Norm" in name for name in classes)
