"""Pictures to classes, or to one number."""

from __future__ import annotations

from typing import Any


def mnist_convnet(keras: Any) -> Any:
    """The first example of all: two convolutions, two pools."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
            layers.MaxPooling2D(pool_size=(2, 2)),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def mini_xception(keras: Any) -> Any:
    """Image classification from scratch: separable convolutions with strided shortcuts."""
    layers = keras.layers
    inputs = keras.Input(shape=(96, 96, 3))
    x = layers.Rescaling(1.0 / 255)(inputs)
    x = layers.Conv2D(32, 3, strides=2, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    previous_block_activation = x
    for size in [48, 96, 128, 160]:
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(size, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(size, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(size, 1, strides=2, padding="same")(previous_block_activation)
        x = layers.add([x, residual])
        previous_block_activation = x
    x = layers.SeparableConv2D(192, 3, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.25)(x)
    outputs = layers.Dense(1, activation=None)(x)
    return keras.Model(inputs, outputs)


def conv_mixer(keras: Any) -> Any:
    """Depthwise and pointwise convolutions in turn over patches."""
    layers = keras.layers

    def activation_block(x: Any) -> Any:
        x = layers.Activation("gelu")(x)
        return layers.BatchNormalization()(x)

    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(scale=1.0 / 255)(inputs)
    x = activation_block(layers.Conv2D(96, kernel_size=2, strides=2)(x))
    for _ in range(5):
        x0 = x
        x = layers.DepthwiseConv2D(kernel_size=5, padding="same")(x)
        x = layers.Add()([activation_block(x), x0])
        x = activation_block(layers.Conv2D(96, kernel_size=1)(x))
    x = layers.GlobalAvgPool2D()(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs, outputs)


def vit(keras: Any) -> Any:
    """A vision transformer with augmentation inside; patches by a strided convolution."""
    layers = keras.layers
    projection_dim, num_heads = 48, 4
    data_augmentation = keras.Sequential(
        [
            layers.Normalization(),
            layers.Resizing(48, 48),
            layers.RandomFlip("horizontal"),
            layers.RandomRotation(factor=0.02),
            layers.RandomZoom(height_factor=0.2, width_factor=0.2),
        ],
        name="data_augmentation",
    )

    def mlp(x: Any, hidden_units: list[int], dropout_rate: float) -> Any:
        for units in hidden_units:
            x = layers.Dense(units, activation="gelu")(x)
            x = layers.Dropout(dropout_rate)(x)
        return x

    inputs = keras.Input(shape=(32, 32, 3))
    augmented = data_augmentation(inputs)
    patches = layers.Conv2D(projection_dim, kernel_size=6, strides=6, padding="valid")(augmented)
    encoded_patches = layers.Reshape((64, projection_dim))(patches)
    for _ in range(4):
        x1 = layers.LayerNormalization(epsilon=1e-6)(encoded_patches)
        attention_output = layers.MultiHeadAttention(num_heads=num_heads, key_dim=projection_dim, dropout=0.1)(x1, x1)
        x2 = layers.Add()([attention_output, encoded_patches])
        x3 = layers.LayerNormalization(epsilon=1e-6)(x2)
        x3 = mlp(x3, hidden_units=[projection_dim * 2, projection_dim], dropout_rate=0.1)
        encoded_patches = layers.Add()([x3, x2])
    representation = layers.LayerNormalization(epsilon=1e-6)(encoded_patches)
    representation = layers.Flatten()(representation)
    representation = layers.Dropout(0.5)(representation)
    features = mlp(representation, hidden_units=[128, 64], dropout_rate=0.5)
    logits = layers.Dense(100)(features)
    return keras.Model(inputs=inputs, outputs=logits)


def transfer(keras: Any) -> Any:
    """Fine-tuning: a nested backbone of inverted residual blocks with squeezing, a head with normalisation."""
    layers = keras.layers

    def block(x: Any, filters_in: int, filters_out: int, strides: int, name: str) -> Any:
        inputs = x
        x = layers.Conv2D(filters_in * 4, 1, padding="same", use_bias=False, name=name + "expand_conv")(x)
        x = layers.BatchNormalization(name=name + "expand_bn")(x)
        x = layers.Activation("swish", name=name + "expand_activation")(x)
        if strides == 2:
            x = layers.ZeroPadding2D(padding=((0, 1), (0, 1)), name=name + "dwconv_pad")(x)
        x = layers.DepthwiseConv2D(
            3, strides=strides, padding="valid" if strides == 2 else "same", use_bias=False, name=name + "dwconv"
        )(x)
        x = layers.BatchNormalization(name=name + "bn")(x)
        x = layers.Activation("swish", name=name + "activation")(x)
        se = layers.GlobalAveragePooling2D(name=name + "se_squeeze")(x)
        se = layers.Reshape((1, 1, filters_in * 4), name=name + "se_reshape")(se)
        se = layers.Conv2D(filters_in // 4, 1, padding="same", activation="swish", name=name + "se_reduce")(se)
        se = layers.Conv2D(filters_in * 4, 1, padding="same", activation="sigmoid", name=name + "se_expand")(se)
        x = layers.multiply([x, se], name=name + "se_excite")
        x = layers.Conv2D(filters_out, 1, padding="same", use_bias=False, name=name + "project_conv")(x)
        x = layers.BatchNormalization(name=name + "project_bn")(x)
        if strides == 1 and filters_in == filters_out:
            x = layers.Dropout(0.1, noise_shape=(None, 1, 1, 1), name=name + "drop")(x)
            x = layers.add([x, inputs], name=name + "add")
        return x

    img_input = keras.Input(shape=(64, 64, 3))
    x = layers.Rescaling(1.0 / 255.0)(img_input)
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False, name="stem_conv")(x)
    x = layers.BatchNormalization(name="stem_bn")(x)
    x = layers.Activation("swish", name="stem_activation")(x)
    x = block(x, 16, 24, 2, "block1a_")
    x = block(x, 24, 24, 1, "block1b_")
    x = block(x, 24, 40, 2, "block2a_")
    x = block(x, 40, 40, 1, "block2b_")
    x = layers.Conv2D(160, 1, padding="same", use_bias=False, name="top_conv")(x)
    x = layers.BatchNormalization(name="top_bn")(x)
    x = layers.Activation("swish", name="top_activation")(x)
    backbone = keras.Model(img_input, x, name="backbone")

    inputs = layers.Input(shape=(64, 64, 3))
    x = backbone(inputs)
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.2, name="top_dropout")(x)
    outputs = layers.Dense(120, activation="softmax", name="pred")(x)
    return keras.Model(inputs, outputs)


def student(keras: Any) -> Any:
    """The student of a knowledge distillation."""
    layers = keras.layers
    leaky = {"negative_slope" if keras.__name__ == "keras" else "alpha": 0.2}
    return keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(16, (3, 3), strides=(2, 2), padding="same"),
            layers.LeakyReLU(**leaky),
            layers.MaxPooling2D(pool_size=(2, 2), strides=(1, 1), padding="same"),
            layers.Conv2D(32, (3, 3), strides=(2, 2), padding="same"),
            layers.Flatten(),
            layers.Dense(10),
        ],
        name="student",
    )


def x_ray(keras: Any) -> Any:
    """Pneumonia: blocks of separable convolutions, dense blocks with dropout."""
    layers = keras.layers

    def conv_block(filters: int, inputs: Any) -> Any:
        x = layers.SeparableConv2D(filters, 3, activation="relu", padding="same")(inputs)
        x = layers.SeparableConv2D(filters, 3, activation="relu", padding="same")(x)
        x = layers.BatchNormalization()(x)
        return layers.MaxPool2D()(x)

    def dense_block(units: int, dropout_rate: float, inputs: Any) -> Any:
        x = layers.Dense(units, activation="relu")(inputs)
        x = layers.BatchNormalization()(x)
        return layers.Dropout(dropout_rate)(x)

    inputs = keras.Input(shape=(96, 96, 3))
    x = layers.Rescaling(1.0 / 255)(inputs)
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    x = layers.Conv2D(16, 3, activation="relu", padding="same")(x)
    x = layers.MaxPool2D()(x)
    for filters in (32, 64):
        x = conv_block(filters, x)
    for filters in (96, 128):
        x = conv_block(filters, x)
        x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    x = dense_block(256, 0.7, x)
    x = dense_block(128, 0.5, x)
    x = dense_block(64, 0.3, x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    return keras.Model(inputs=inputs, outputs=outputs)


def contrastive(keras: Any) -> Any:
    """Similarity by a contrastive loss: one embedding network, the Euclidean distance by operators."""
    layers, ops = keras.layers, keras.ops
    input = keras.layers.Input((28, 28, 1))
    x = layers.BatchNormalization()(input)
    x = layers.Conv2D(4, (5, 5), activation="tanh")(x)
    x = layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = layers.Conv2D(16, (5, 5), activation="tanh")(x)
    x = layers.AveragePooling2D(pool_size=(2, 2))(x)
    x = layers.Flatten()(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dense(10, activation="tanh")(x)
    embedding_network = keras.Model(input, x)

    input_1 = layers.Input((28, 28, 1))
    input_2 = layers.Input((28, 28, 1))
    x, y = embedding_network(input_1), embedding_network(input_2)
    sum_square = ops.sum(ops.square(x - y), axis=1, keepdims=True)
    distance = ops.sqrt(ops.maximum(sum_square, 1e-7))
    normal_layer = layers.BatchNormalization()(distance)
    output_layer = layers.Dense(1, activation="sigmoid")(normal_layer)
    return keras.Model(inputs=[input_1, input_2], outputs=output_layer)
