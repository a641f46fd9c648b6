"""Names of operations as files spell them, in one vocabulary: TensorFlow's, Keras 3's operation classes, graph nodes.

``SIGNATURES`` gives each canonical function its arguments in order; ``TENSORFLOW`` maps a TFOpLambda's function to a
canonical one and the order of TensorFlow's own arguments (TensorFlow 2.15 API).
"""

from __future__ import annotations

SIGNATURES: dict[str, tuple[str, ...]] = {
    "add": ("x1", "x2"), "subtract": ("x1", "x2"), "multiply": ("x1", "x2"), "divide": ("x1", "x2"),
    "power": ("x1", "x2"),
    "maximum": ("x1", "x2"), "minimum": ("x1", "x2"), "matmul": ("x1", "x2"), "divide_no_nan": ("x1", "x2"),
    "negative": ("x",), "absolute": ("x",), "square": ("x",), "sqrt": ("x",), "rsqrt": ("x",), "exp": ("x",),
    "log": ("x",),
    "clip": ("x", "x_min", "x_max"), "sigmoid": ("x",), "tanh": ("x",), "relu": ("x",), "relu6": ("x",),
    "elu": ("x", "alpha"), "selu": ("x",), "silu": ("x",), "gelu": ("x", "approximate"), "softplus": ("x",),
    "softsign": ("x",), "log_softmax": ("x", "axis"), "leaky_relu": ("x", "negative_slope"), "hard_sigmoid": ("x",),
    "softmax": ("x", "axis"), "mean": ("x", "axis", "keepdims"), "sum": ("x", "axis", "keepdims"),
    "max": ("x", "axis", "keepdims"), "min": ("x", "axis", "keepdims"), "var": ("x", "axis", "keepdims"),
    "std": ("x", "axis", "keepdims"), "prod": ("x", "axis", "keepdims"), "argmax": ("x", "axis", "keepdims"),
    "normalize": ("x", "axis", "order", "epsilon"), "l2_normalize": ("x", "axis", "epsilon"),
    "expand_dims": ("x", "axis"), "squeeze": ("x", "axis"), "reshape": ("x", "newshape"), "transpose": ("x", "axes"),
    "flip": ("x", "axis"), "split": ("x", "indices_or_sections", "axis"), "concatenate": ("xs", "axis"),
    "stack": ("xs", "axis"), "unstack": ("x", "num", "axis"), "cast": ("x", "dtype"), "getitem": ("x", "key"),
    "resize": ("x", "size", "interpolation"), "identity": ("x",), "swapaxes": ("x", "axis1", "axis2"),
    "depth_to_space": ("x", "block"), "space_to_depth": ("x", "block"), "flatten": ("x",), "add_n": ("xs",),
    "tile": ("x", "repeats"), "pad": ("x", "pad_width", "mode", "constant_values"),
    "bias_add": ("x1", "x2"), "squared_difference": ("x1", "x2"),
}  # fmt: skip

_OF_ONE = (
    "round", "sign", "floor", "ceil", "sin", "cos", "tan", "log1p", "log2", "log10", "expm1", "erf", "reciprocal",
    "arctan", "sinh", "cosh", "isnan", "isfinite", "isinf", "logical_not", "ones_like", "zeros_like", "trunc",
    "stop_gradient", "nan_to_num", "log_sigmoid", "relu", "relu6",
)  # fmt: skip
"""Functions of one tensor and nothing else."""

PLAIN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    **dict.fromkeys(_OF_ONE, (("x",), ())),
    **dict.fromkeys(("arctan2", "logical_and", "logical_or", "logical_xor", "outer", "dot"), (("x1", "x2"), ())),
    **dict.fromkeys(("std", "prod", "any", "all", "argmin", "logsumexp", "median"), (("x",), ("axis", "keepdims"))),
    "cumsum": (("x",), ("axis",)), "cumprod": (("x",), ("axis",)), "sort": (("x",), ("axis",)),
    "argsort": (("x",), ("axis",)), "one_hot": (("x",), ("num_classes", "axis")),
    "repeat": (("x",), ("repeats", "axis")), "roll": (("x",), ("shift", "axis")),
    "tile": (("x",), ("repeats",)), "tril": (("x",), ("k",)), "triu": (("x",), ("k",)),
    "moveaxis": (("x",), ("source", "destination")), "swapaxes": (("x",), ("axis1", "axis2")),
    "broadcast_to": (("x",), ("shape",)), "norm": (("x",), ("ord", "axis", "keepdims")),
    "take": (("x", "indices"), ("axis",)), "take_along_axis": (("x", "indices"), ("axis",)),
    "average_pool": (("x",), ("pool_size", "strides", "padding", "data_format")),
    "max_pool": (("x",), ("pool_size", "strides", "padding", "data_format")),
    "tensordot": (("x1", "x2"), ("axes",)), "diff": (("a",), ("n", "axis")), "diagonal": (("x",), ("axis1", "axis2")),
    "where": (("condition", "x1", "x2"), ()), "glu": (("x",), ("axis",)), "celu": (("x",), ("alpha",)),
    "pad": (("x",), ("pad_width", "mode", "constant_values")), "rgb_to_grayscale": (("images",), ("data_format",)),
    "unstack": (("x",), ("num", "axis")), "threshold": (("x",), ("threshold", "default_value")),
}  # fmt: skip
"""Functions of ``keras.ops`` that are called as they stand: names of their tensors, names of their plain arguments."""

SIGNATURES.update({name: (*tensors, *values) for name, (tensors, values) in PLAIN.items() if name not in SIGNATURES})

COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
SIGNATURES.update(dict.fromkeys((*COMPARISONS, "floor_divide", "mod"), ("x1", "x2")))
SIGNATURES["einsum"] = ("subscripts", "operands")

TENSORFLOW: dict[str, tuple[str, tuple[str, ...]]] = {
    **{f"math.{name}": (name, ("x",)) for name in ("round", "sign", "floor", "ceil", "sin", "cos", "tan", "log1p",
       "expm1", "erf", "reciprocal", "sinh", "cosh", "log_sigmoid", "logical_not")},
    **{name: (name, ("x",)) for name in ("round", "sign", "floor", "sin", "cos")},
    **{f"math.{name}": (name, ("x1:x", "x2:y")) for name in (*COMPARISONS, "logical_and", "logical_or")},
    **{f"__operators__.{short}": (name, ("x1:x", "x2:y")) for short, name in (
        ("eq", "equal"), ("ne", "not_equal"), ("gt", "greater"), ("ge", "greater_equal"), ("lt", "less"),
        ("le", "less_equal"))},
    "math.floordiv": ("floor_divide", ("x1:x", "x2:y")), "math.floormod": ("mod", ("x1:x", "x2:y")),
    "math.mod": ("mod", ("x1:x", "x2:y")), "math.atan2": ("arctan2", ("x1:y", "x2:x")),
    "math.atan": ("arctan", ("x",)), "math.reciprocal_no_nan": ("reciprocal", ("x",)),
    "zeros_like": ("zeros_like", ("x:input",)), "ones_like": ("ones_like", ("x:input",)),
    "compat.v1.zeros_like": ("zeros_like", ("x:tensor",)), "compat.v1.ones_like": ("ones_like", ("x:tensor",)),
    "where": ("where", ("condition", "x1:x", "x2:y")), "compat.v1.where": ("where", ("condition", "x1:x", "x2:y")),
    "gather": ("take", ("x:params", "indices", "validate_indices", "axis", "batch_dims")),
    "compat.v1.gather": ("take", ("x:params", "indices", "validate_indices", "name", "axis", "batch_dims")),
    "einsum": ("einsum", ("subscripts:equation", "operands:inputs")), "norm": ("norm", ("x:tensor", "ord", "axis",
    "keepdims")), "compat.v1.norm": ("norm", ("x:tensor", "ord", "axis",
    "keepdims")), "linalg.norm": ("norm", ("x:tensor", "ord", "axis", "keepdims")),
    "math.cumsum": ("cumsum", ("x", "axis")), "cumsum": ("cumsum", ("x", "axis")),
    "sort": ("sort", ("x:values", "axis")), "argsort": ("argsort", ("x:values", "axis")),
    "one_hot": ("one_hot", ("x:indices", "num_classes:depth")), "repeat": ("repeat", ("x:input", "repeats", "axis")),
    "roll": ("roll", ("x:input", "shift", "axis")),
    "math.reduce_logsumexp": ("logsumexp", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_any": ("any", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_all": ("all", ("x:input_tensor", "axis", "keepdims")),
    "math.argmin": ("argmin", ("x:input", "axis")), "broadcast_to": ("broadcast_to", ("x:input", "shape")),
    "nn.avg_pool2d": ("average_pool", ("x:input", "pool_size:ksize", "strides", "padding")),
    "nn.max_pool2d": ("max_pool", ("x:input", "pool_size:ksize", "strides", "padding")),
    "nn.avg_pool": ("average_pool", ("x:input", "pool_size:ksize", "strides", "padding")),
    "nn.max_pool": ("max_pool", ("x:input", "pool_size:ksize", "strides", "padding")),
    "ensure_shape": ("identity", ("x",)), "grad_pass_through": ("identity", ("x",)),
    "image.rgb_to_grayscale": ("rgb_to_grayscale", ("images",)),
    "linalg.tensordot": ("tensordot", ("x1:a", "x2:b", "axes")), "tensordot": ("tensordot", ("x1:a", "x2:b", "axes")),
    "slice": ("slice", ("x:input_", "begin", "size")), "nn.dropout": ("identity", ("x",)),
    "__operators__.add": ("add", ("x1:x", "x2:y")), "math.add": ("add", ("x1:x", "x2:y")),
    "math.subtract": ("subtract", ("x1:x", "x2:y")), "math.multiply": ("multiply", ("x1:x", "x2:y")),
    "math.divide": ("divide", ("x1:x", "x2:y")), "math.truediv": ("divide", ("x1:x", "x2:y")),
    "compat.v1.div": ("divide", ("x1:x", "x2:y")), "math.divide_no_nan": ("divide_no_nan", ("x1:x", "x2:y")),
    "math.pow": ("power", ("x1:x", "x2:y")), "math.maximum": ("maximum", ("x1:x", "x2:y")),
    "math.minimum": ("minimum", ("x1:x", "x2:y")), "math.squared_difference": ("squared_difference", ("x1:x", "x2:y")),
    "linalg.matmul": ("matmul", ("x1:a", "x2:b", "transpose_a", "transpose_b")),
    "math.negative": ("negative", ("x",)), "math.abs": ("absolute", ("x",)), "math.square": ("square", ("x",)),
    "math.sqrt": ("sqrt", ("x",)), "math.rsqrt": ("rsqrt", ("x",)), "math.exp": ("exp", ("x",)), "math.log": ("log",
    ("x",)),
    "clip_by_value": ("clip", ("x:t", "x_min:clip_value_min", "x_max:clip_value_max")),
    "math.sigmoid": ("sigmoid", ("x",)), "nn.sigmoid": ("sigmoid", ("x",)), "math.tanh": ("tanh", ("x",)),
    "nn.tanh": ("tanh", ("x",)), "nn.relu": ("relu", ("x:features",)), "nn.relu6": ("relu6", ("x:features",)),
    "nn.elu": ("elu", ("x:features",)), "nn.selu": ("selu", ("x:features",)),
    "nn.silu": ("silu", ("x:features", "beta")),
    "nn.swish": ("silu", ("x:features", "beta")), "nn.gelu": ("gelu", ("x:features", "approximate")),
    "math.softplus": ("softplus", ("x:features",)), "nn.softplus": ("softplus", ("x:features",)),
    "nn.softsign": ("softsign", ("x:features",)), "nn.log_softmax": ("log_softmax", ("x:logits", "axis")),
    "nn.leaky_relu": ("leaky_relu", ("x:features", "negative_slope:alpha")),
    "nn.softmax": ("softmax", ("x:logits", "axis")),
    "math.reduce_mean": ("mean", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_sum": ("sum", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_max": ("max", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_min": ("min", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_prod": ("prod", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_variance": ("var", ("x:input_tensor", "axis", "keepdims")),
    "math.reduce_std": ("std", ("x:input_tensor", "axis", "keepdims")),
    "math.argmax": ("argmax", ("x:input", "axis")), "math.l2_normalize": ("l2_normalize", ("x", "axis", "epsilon")),
    "linalg.l2_normalize": ("l2_normalize", ("x", "axis", "epsilon")),
    "expand_dims": ("expand_dims", ("x:input", "axis")), "squeeze": ("squeeze", ("x:input", "axis")),
    "compat.v1.squeeze": ("squeeze", ("x:input", "axis")), "reshape": ("reshape", ("x:tensor", "newshape:shape")),
    "transpose": ("transpose", ("x:a", "axes:perm")), "compat.v1.transpose": ("transpose", ("x:a", "axes:perm")),
    "reverse": ("flip", ("x:tensor", "axis")),
    "split": ("split", ("x:value", "indices_or_sections:num_or_size_splits", "axis")),
    "concat": ("concatenate", ("xs:values", "axis")), "stack": ("stack", ("xs:values", "axis")),
    "unstack": ("unstack", ("x:value", "num", "axis")), "cast": ("cast", ("x", "dtype")),
    "compat.v1.cast": ("cast", ("x", "dtype")), "__operators__.getitem": ("getitem", ("x:tensor", "key:slice_spec")),
    "image.resize": ("resize", ("x:images", "size", "interpolation:method")),
    "compat.v1.image.resize_bilinear": ("resize", ("x:images", "size")),
    "identity": ("identity", ("x:input",)), "math.add_n": ("add_n", ("xs:inputs",)),
    "nn.depth_to_space": ("depth_to_space", ("x:input", "block:block_size")),
    "nn.space_to_depth": ("space_to_depth", ("x:input", "block:block_size")),
    "compat.v1.depth_to_space": ("depth_to_space", ("x:input", "block:block_size")),
    "compat.v1.space_to_depth": ("space_to_depth", ("x:input", "block:block_size")),
    "tile": ("tile", ("x:input", "repeats:multiples")),
    "pad": ("pad", ("x:tensor", "pad_width:paddings", "mode", "constant_values")),
    "compat.v1.pad": ("pad", ("x:tensor", "pad_width:paddings", "mode")),
    "nn.bias_add": ("bias_add", ("x1:value", "x2:bias")), "stop_gradient": ("identity", ("x:input",)),
}  # fmt: skip

NODES: dict[str, str] = {
    "Add": "add", "AddV2": "add", "Sub": "subtract", "Mul": "multiply", "RealDiv": "divide", "Pow": "power",
    "Maximum": "maximum", "Minimum": "minimum", "Neg": "negative", "Abs": "absolute", "Square": "square",
    "Sqrt": "sqrt",
    "Rsqrt": "rsqrt", "Exp": "exp", "Log": "log", "Relu": "relu", "Relu6": "relu6", "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Softmax": "softmax", "Elu": "elu", "Selu": "selu", "Softplus": "softplus", "Mean": "mean", "Sum": "sum",
    "Max": "max",
    "Min": "min", "Reshape": "reshape", "Transpose": "transpose", "ExpandDims": "expand_dims", "Squeeze": "squeeze",
    "ConcatV2": "concatenate", "Pack": "stack", "Identity": "identity", "BatchMatMulV2": "matmul", "MatMul": "matmul",
    "BiasAdd": "bias_add", "AddN": "add_n", "SquaredDifference": "squared_difference",
}  # fmt: skip
"""TensorFlowOpLayer's ``node_def.op``."""

KERAS3: dict[str, str] = {
    "TrueDivide": "divide", "GetItem": "getitem", "Cast": "cast", "SiLU": "silu", "Silu": "silu",
    "Absolute": "absolute",
    "Abs": "absolute", "L2Normalize": "l2_normalize", "LeakyRelu": "leaky_relu", "LogSoftmax": "log_softmax",
    "ExpandDims": "expand_dims", "HardSigmoid": "hard_sigmoid", "RGBToGrayscale": "rgb_to_grayscale",
    "StopGradient": "identity", "Arctan2": "arctan2", "Log1p": "log1p", "Log2": "log2", "Log10": "log10",
    "Expm1": "expm1", "Amax": "max", "Amin": "min", "Dot": "dot", "Any": "any", "All": "all", "HardSilu": "hard_silu",
    "Minimum": "minimum", "Maximum": "maximum", "Squareplus": "squareplus",
}  # fmt: skip
"""Operation classes of Keras 3 whose name is not simply the function's."""

MASKS = ("NotEqual", "Any", "All", "LogicalAnd", "LogicalOr", "LogicalNot", "Equal", "Greater", "GreaterEqual")
"""Keras 3 operations that compute masks; Keras does that by itself when the model is rebuilt."""
