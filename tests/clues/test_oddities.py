"""What nobody writes on purpose."""

from __future__ import annotations

from infer_convert.clues.oddities import nats

from .drafts import draft


def test_a_dense_on_pooled_maps_is_odd() -> None:
    chain = "x InputLayer\nc Conv2D\np {pool}\n{between}d Dense"
    assert nats(draft(chain.format(pool="MaxPooling2D", between=""))) < -3
    assert nats(draft(chain.format(pool="AveragePooling2D", between="o Dropout\n"))) < -3
    assert nats(draft(chain.format(pool="MaxPooling2D", between="f Flatten\n"))) == 0
    assert nats(draft(chain.format(pool="GlobalAveragePooling2D", between=""))) == 0
