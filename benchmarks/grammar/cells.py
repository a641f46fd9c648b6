"""Cells on feature maps: each takes a tensor and the width wanted and returns a tensor."""

from __future__ import annotations

import random
from collections.abc import Callable

from benchmarks.grammar.builder import Out
from benchmarks.grammar.style import Hand

Cell = Callable[[Hand, Out, int, bool], Out]
"""(hand, input, width, whether to halve the map) -> output."""


def plain(h: Hand, x: Out, width: int, halve: bool) -> Out:
    """One to three convolutions, then a pool or a stride."""
    strided = halve and h.chance(0.3)
    for number in range(h.random.choice((1, 1, 2, 2, 3))):
        x = h.unit(x, width, stride=2 if strided and number == 0 else 1)
    if halve and not strided:
        x = h.b.pool(x, kind=h.random.choices(("Max", "Average"), (0.85, 0.15))[0])
    return h.drop(x)


def _shortcut(h: Hand, x: Out, width: int, halve: bool, normal: bool, pooled: bool) -> Out:
    if pooled and halve:
        x = h.b.pool(x, kind="Average" if h.chance(0.7) else "Max")
        halve = False
    if x.channels == width and not halve:
        return x
    x = h.b.conv(x, width, 1, 2 if halve else 1, h.style.bias)
    return h.norm(x) if normal else x


def residual(variant: int) -> Cell:
    """Post-activation residual blocks; the bits of ``variant``: bottleneck, bare projection, pooled shortcut,
    activation left out behind the sum, always projecting, dropout inside."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        bottleneck, bare, pooled, linear, always = (bool(variant >> bit & 1) for bit in range(5))
        inner = max(4, width // 4) if bottleneck else width
        body, skip = x, None
        project = (always and variant % 7 == 0) or x.channels != width or halve
        if project and h.style.short_first:
            skip = _shortcut(h, x, width, halve, not bare, pooled)
        if bottleneck:
            first = h.random.random() < 0.5
            body = h.unit(body, inner, 1, 2 if halve and first else 1)
            body = h.unit(body, inner, 3, 2 if halve and not first else 1)
            body = h.raw(body, width, 1)
        else:
            body = h.unit(body, inner, 3, 2 if halve else 1)
            if h.style.dropout and variant >> 5 & 1:
                body = h.drop(body)
            body = h.raw(body, width, 3)
        if skip is None:
            skip = _shortcut(h, x, width, halve, not bare, pooled) if project else x
        out = h.add(body, skip)
        return out if linear else h.act(out)

    return block


def preactivated(variant: int) -> Cell:
    """Pre-activation residual blocks; bits: bottleneck, projection from the activated tensor, pooled identity."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        bottleneck, activated, pooled = (bool(variant >> bit & 1) for bit in range(3))
        inner = max(4, width // 4) if bottleneck else width
        before = h.act(h.norm(x))
        changes = x.channels != width or halve
        source = before if activated else x

        def shortcut() -> Out:
            if x.channels == width and halve and pooled:
                return h.b.pool(x)
            return h.b.conv(source, width, 1, 2 if halve else 1) if changes else x

        skip = shortcut() if h.style.short_first else None
        if bottleneck:
            body = h.finish(h.b.conv(before, inner, 1, 1, h.style.bias))
            if variant >> 3 & 1:
                body = h.b.pad(body)
            body = h.finish(h.b.conv(body, inner, 3, 2 if halve else 1, h.style.bias))
            body = h.b.conv(body, width, 1)
        else:
            body = h.b.conv(before, inner, 3, 2 if halve else 1, h.style.bias)
            body = h.drop(h.act(h.norm(body)))
            body = h.b.conv(body, width, 3, 1, h.style.bias)
        return h.add(body, skip if skip is not None else shortcut())

    return block


def squeeze(h: Hand, x: Out, shape: int) -> Out:
    """Squeeze-and-excite; ``shape`` chooses how the vector is spread and what computes it."""
    v = h.b.global_pool(x)
    narrow = max(2, x.channels // h.random.choice((4, 8, 16)))
    if shape & 1:
        v = h.b.reshape(v, 2, x.channels)
    if shape & 2 and shape & 1:
        v = h.b.conv(v, narrow, 1)
        v = h.act(v) if shape & 4 else v
        v = h.b.conv(v, x.channels, 1)
    else:
        v = h.b.dense(v, narrow)
        v = h.act(v) if shape & 4 else v
        v = h.b.dense(v, x.channels)
    if shape & 8:
        v = h.b.same("Activation", v, "sigmoid")
    if shape & 16 and not shape & 1:
        v = h.b.reshape(v, 2, x.channels)
    return h.b.merge("Multiply", x, v) if shape & 32 else h.b.merge("Multiply", v, x)


def inverted(variant: int) -> Cell:
    """Inverted residuals; bits: squeeze-and-excite, padding layer, dropout in front of the sum. In many nets the first
    block is not widened."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        excite, padded, dropped = variant & 1, variant & 2, variant & 4
        body = x
        first = "DepthwiseConv2D" not in h.b.classes
        if (variant & 8 or x.channels > 8) and not (first and variant % 3):
            body = h.act(h.b.batch_norm(h.b.conv(body, x.channels * (6 if variant & 16 else 4), 1, 1, False)))
        if halve and padded:
            body = h.b.pad(body)
        body = h.act(h.b.batch_norm(h.b.depthwise(body, 3 if variant & 32 else 5, 2 if halve else 1)))
        if excite:
            body = squeeze(h, body, variant >> 6)
        body = h.b.batch_norm(h.b.conv(body, width, 1, 1, False))
        if x.channels == width and not halve:
            body = h.b.same("Dropout", body, "drop") if dropped else body
            body = h.b.merge("Add", x, body) if h.style.skip_first else h.b.merge("Add", body, x)
        return body

    return block


def separable(variant: int) -> Cell:
    """Depthwise-separable units, with an Xception skip when bit 0 is set."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        body, skip = x, None
        if variant & 1 and (halve or x.channels != width):
            skip = h.norm(h.b.conv(x, width, 1, 2 if halve else 1, False))
        elif variant & 1:
            skip = x
        for number in range(1 + variant % 3):
            body = h.act(body) if variant & 4 and (number or variant & 8) else body
            if variant & 16:
                body = h.norm(h.b.separable(body, width))
            else:
                body = h.act(h.norm(h.b.depthwise(body, 3, 2 if halve and number == 0 and not skip else 1)))
                body = h.norm(h.b.conv(body, width, 1, 1, False))
            body = body if variant & 4 else h.act(body)
        if skip is None:
            return h.b.pool(body) if halve and variant & 16 else body
        if halve:
            body = h.b.pool(body)
        return h.add(body, skip)

    return block


def dense_block(variant: int) -> Cell:
    """DenseNet blocks with a transition."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        growth = max(4, width // 4)
        for _ in range(h.random.choice((2, 3, 4, 5))):
            y = h.act(h.norm(x))
            if variant & 1:
                y = h.act(h.norm(h.b.conv(y, 4 * growth, 1, 1, False)))
            y = h.b.conv(y, growth, 3, 1, False)
            if variant & 2:
                y = h.drop(y)
            x = h.b.merge("Concatenate", x, y)
        if halve:
            x = h.act(h.norm(x))
            x = h.b.conv(x, max(4, x.channels // 2), 1, 1, False)
            x = h.b.pool(x, kind="Average")
        return x

    return block


def inception(variant: int) -> Cell:
    """Inception cells: random branches, joined; reductions; with a residual when bit 5 is set."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        base = max(4, width // 4)
        branches = []
        if not halve:
            branches.append(h.unit(x, base, 1))
        for kind in range(1 + variant % 3):
            y = h.unit(x, base if not variant & 4 else base // 2 + 2, 1)
            for number in range(1 + (variant >> kind) % 2):
                last = number == (variant >> kind) % 2
                if variant & 8 and not halve:
                    y = h.finish(h.b.tall_conv(y, base + 4 * kind, (1, 7), h.style.bias))
                    y = h.finish(h.b.tall_conv(y, base + 4 * kind, (7, 1), h.style.bias))
                else:
                    y = h.unit(y, base + 4 * kind, 5 if variant & 16 and kind else 3, 2 if halve and last else 1)
            if variant & 64 and not halve and variant & 256:
                wide, tall = (h.b.tall_conv(y, base, size, h.style.bias) for size in ((1, 3), (3, 1)))
                y = h.b.merge("Concatenate", h.finish(wide), h.finish(tall))
            elif variant & 64 and not halve:
                y = h.b.merge("Concatenate", h.unit(y, base, 3), h.unit(y, base, 1))
            branches.append(y)
        pool = h.b.pool(x, 2 if halve else 1, "Max" if halve or variant & 128 else "Average")
        if not variant & 32 or halve:
            branches.append(pool if halve else h.unit(pool, base, 1))
        else:
            h.b.classes.pop()
            h.b.names.pop()
            h.b.tensors.pop()
            h.b.operands.pop()
        joined = h.b.merge("Concatenate", *branches) if len(branches) > 1 else branches[0]
        if variant & 32 and not halve and x.channels == h.b.conv(joined, x.channels, 1).channels:
            up = Out(len(h.b.classes) - 1, x.channels, 2, x.level)
            joined = h.act(h.b.merge("Add", x, up))
        return joined

    return block


def fire(variant: int) -> Cell:
    """SqueezeNet's fire modules, with a bypass when bit 0 is set."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        s = h.act(h.b.conv(x, max(4, width // 8), 1))
        left = h.act(h.b.conv(s, width // 2, 1))
        right = h.act(h.b.conv(s, width // 2, 3))
        y = h.b.merge("Concatenate", left, right)
        if variant & 1 and y.channels == x.channels:
            y = h.b.merge("Add", x, y)
        return h.b.pool(y) if halve else y

    return block


def excited(inner: Cell, variant: int) -> Cell:
    """A cell followed by squeeze-and-excite."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        return squeeze(h, inner(h, x, width, halve), variant)

    return block


def excited_residual(variant: int) -> Cell:
    """A residual block whose body is squeezed and excited in front of the sum."""

    def block(h: Hand, x: Out, width: int, halve: bool) -> Out:
        skip = x
        if x.channels != width or halve:
            skip = h.raw(x, width, 1, 2 if halve else 1)
        body = h.raw(h.unit(x, width, 3, 2 if halve else 1), width, 3)
        return h.act(h.add(squeeze(h, body, variant), skip))

    return block


def _separable_op(h: Hand, x: Out, width: int) -> Out:
    for _ in range(h.random.choice((1, 2))):
        x = h.norm(h.b.separable(h.act(x), width))
    return x


def random_cell(h: Hand, x: Out, previous: Out, width: int) -> Out:
    """A searched cell: five pairs of operations on two inputs, summed, joined (NASNet's shape)."""
    p = h.norm(h.b.conv(h.act(previous), width, 1, 1, False))
    x = h.norm(h.b.conv(h.act(x), width, 1, 1, False))
    state = random_cell_plan(h)
    outs = []
    for left, right in state:
        pair = []
        for kind, source in (left, right):
            value = (x, p, *outs)[source % (2 + len(outs))]
            if kind == "sep":
                value = _separable_op(h, value, width)
            elif kind == "pool":
                value = h.b.pool(value, 1, "Average")
            pair.append(value)
        outs.append(h.b.merge("Add", *pair) if pair[0].layer != pair[1].layer else pair[0])
    used = [out for number, out in enumerate(outs) if number > 0 or h.chance(0.9)]
    return h.b.merge("Concatenate", p, *dict.fromkeys((*outs[:1], *used)))


def random_cell_plan(h: Hand) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """The operations of a searched cell: the same for all cells of a net."""

    fixed = random.Random(h.style.width * 7919 + 2 * h.style.skip_first + h.style.short_first)
    kinds = ("sep", "sep", "pool", "id")
    return [
        ((kinds[fixed.randrange(3)], fixed.randrange(2)), (kinds[fixed.randrange(4)], fixed.randrange(2)))
        for _ in range(fixed.choice((3, 4, 5)))
    ]
