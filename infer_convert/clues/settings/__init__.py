"""How people set strides, paddings, windows and borders.

``choices`` weighs every setting of a layer: published ``frequencies`` corrected by the fitted ``habits``, which see the
layer's ``places`` in words. ``windows`` reads sizes out of configs.
"""
