"""Detection, key points, volumes and points in space."""

from __future__ import annotations

from typing import Any


def ct_scans(keras: Any) -> Any:
    """3-D convolutions over computed tomographies, pools before the normalisation."""
    layers = keras.layers
    inputs = keras.Input((64, 64, 48, 1))
    x = layers.Conv3D(filters=8, kernel_size=3, activation="relu")(inputs)
    x = layers.MaxPool3D(pool_size=2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv3D(filters=8, kernel_size=3, activation="relu")(x)
    x = layers.MaxPool3D(pool_size=2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv3D(filters=16, kernel_size=3, activation="relu")(x)
    x = layers.MaxPool3D(pool_size=2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv3D(filters=32, kernel_size=3, activation="relu")(x)
    x = layers.MaxPool3D(pool_size=2)(x)
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling3D()(x)
    x = layers.Dense(units=64, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(units=1, activation="sigmoid")(x)
    return keras.Model(inputs, outputs, name="3dcnn")


def pointnet(keras: Any) -> Any:
    """Classification of point clouds; two small networks predict transformations of the points."""
    layers = keras.layers

    def conv_bn(x: Any, filters: int) -> Any:
        x = layers.Conv1D(filters, kernel_size=1, padding="valid")(x)
        x = layers.BatchNormalization(momentum=0.0)(x)
        return layers.Activation("relu")(x)

    def dense_bn(x: Any, filters: int) -> Any:
        x = layers.Dense(filters)(x)
        x = layers.BatchNormalization(momentum=0.0)(x)
        return layers.Activation("relu")(x)

    def tnet(inputs: Any, num_features: int) -> Any:
        x = conv_bn(inputs, 32)
        x = conv_bn(x, 64)
        x = conv_bn(x, 128)
        x = layers.GlobalMaxPooling1D()(x)
        x = dense_bn(x, 64)
        x = dense_bn(x, 32)
        x = layers.Dense(num_features * num_features, kernel_initializer="zeros")(x)
        feat_T = layers.Reshape((num_features, num_features))(x)
        return layers.Dot(axes=(2, 1))([inputs, feat_T])

    inputs = keras.Input(shape=(256, 3))
    x = tnet(inputs, 3)
    x = conv_bn(x, 32)
    x = conv_bn(x, 32)
    x = tnet(x, 32)
    x = conv_bn(x, 32)
    x = conv_bn(x, 64)
    x = conv_bn(x, 256)
    x = layers.GlobalMaxPooling1D()(x)
    x = dense_bn(x, 128)
    x = layers.Dropout(0.3)(x)
    x = dense_bn(x, 64)
    x = layers.Dropout(0.3)(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(inputs=inputs, outputs=outputs, name="pointnet")


def keypoints(keras: Any) -> Any:
    """Key points by separable convolutions on a nested backbone of depthwise blocks."""
    layers = keras.layers
    image = keras.Input(shape=(112, 112, 3))
    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(6.0)(x)
    for filters, strides in ((32, 2), (64, 2), (96, 2), (96, 1)):
        x = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU(6.0)(x)
        x = layers.Conv2D(filters, 1, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU(6.0)(x)
    backbone = keras.Model(image, x, name="backbone")
    backbone.trainable = False

    inputs = layers.Input((112, 112, 3))
    x = layers.Rescaling(scale=1 / 127.5, offset=-1.0)(inputs)
    x = backbone(x)
    x = layers.Dropout(0.3)(x)
    x = layers.SeparableConv2D(48, kernel_size=5, strides=1, activation="relu")(x)
    outputs = layers.SeparableConv2D(48, kernel_size=3, strides=1, activation="sigmoid")(x)
    return keras.Model(inputs, outputs, name="keypoint_detector")


def retina(keras: Any) -> Any:
    """A feature pyramid; two heads, each a model of its own, read every level."""
    layers = keras.layers
    num_classes, num_anchors, width = 10, 9, 48

    def build_head(output_filters: int) -> Any:
        head = keras.Sequential([keras.Input(shape=[None, None, width])])
        for _ in range(3):
            head.add(layers.Conv2D(width, 3, padding="same"))
            head.add(layers.ReLU())
        head.add(layers.Conv2D(output_filters, 3, 1, padding="same"))
        return head

    def stage(x: Any, filters: int) -> Any:
        shortcut = layers.Conv2D(filters, 1, strides=2)(x)
        shortcut = layers.BatchNormalization()(shortcut)
        x = layers.Conv2D(filters, 3, strides=2, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.Conv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Add()([shortcut, x])
        return layers.Activation("relu")(x)

    images = keras.Input(shape=(128, 128, 3))
    x = layers.Conv2D(16, 7, strides=2, padding="same")(images)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = stage(x, 32)
    c3 = stage(x, 48)
    c4 = stage(c3, 64)
    c5 = stage(c4, 96)
    p3 = layers.Conv2D(width, 1, 1, "same")(c3)
    p4 = layers.Conv2D(width, 1, 1, "same")(c4)
    p5 = layers.Conv2D(width, 1, 1, "same")(c5)
    p4 = layers.Add()([p4, layers.UpSampling2D(2)(p5)])
    p3 = layers.Add()([p3, layers.UpSampling2D(2)(p4)])
    p3 = layers.Conv2D(width, 3, 1, "same")(p3)
    p4 = layers.Conv2D(width, 3, 1, "same")(p4)
    p5 = layers.Conv2D(width, 3, 1, "same")(p5)
    cls_head = build_head(num_anchors * num_classes)
    box_head = build_head(num_anchors * 4)
    cls_outputs, box_outputs = [], []
    for feature in (p3, p4, p5):
        box_outputs.append(layers.Reshape((-1, 4))(box_head(feature)))
        cls_outputs.append(layers.Reshape((-1, num_classes))(cls_head(feature)))
    cls_outputs = layers.Concatenate(axis=1)(cls_outputs)
    box_outputs = layers.Concatenate(axis=1)(box_outputs)
    return keras.Model(images, layers.Concatenate(axis=-1)([box_outputs, cls_outputs]))


def hourglass(keras: Any) -> Any:
    """Human pose: a stem, one hourglass of bottlenecks, heat maps."""
    layers = keras.layers

    def bottleneck(x: Any, filters: int, name: str) -> Any:
        skip = x
        if x.shape[-1] != filters:
            skip = layers.Conv2D(filters, (1, 1), padding="same", activation="relu", name=name + "skip")(x)
        x = layers.Conv2D(filters // 2, (1, 1), padding="same", activation="relu", name=name + "conv_1x1_x1")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Conv2D(filters // 2, (3, 3), padding="same", activation="relu", name=name + "conv_3x3_x2")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Conv2D(filters, (1, 1), padding="same", activation="relu", name=name + "conv_1x1_x3")(x)
        x = layers.BatchNormalization()(x)
        return layers.Add(name=name + "residual")([skip, x])

    inputs = keras.Input(shape=(128, 128, 3))
    x = layers.Conv2D(32, (7, 7), strides=(2, 2), padding="same", activation="relu", name="front_conv_1x1_x1")(inputs)
    x = layers.BatchNormalization()(x)
    x = bottleneck(x, 32, "front_residual_x1")
    x = layers.MaxPool2D(pool_size=(2, 2), strides=(2, 2))(x)
    x = bottleneck(x, 64, "front_residual_x3")
    lefts = []
    for index, size in enumerate(("l1", "l2", "l4", "l8")):
        x = bottleneck(x, 64, "hg0_" + size)
        lefts.append(x)
        if index < 3:
            x = layers.MaxPool2D(pool_size=(2, 2), strides=(2, 2))(x)
    x = bottleneck(x, 64, "0_lf8_x1")
    x = bottleneck(x, 64, "0_lf8_x2")
    for number, left in enumerate(lefts[-2::-1]):
        left = bottleneck(left, 64, f"hg0_rf{number}_connect")
        x = layers.UpSampling2D()(x)
        x = layers.Add()([left, x])
        x = bottleneck(x, 64, f"hg0_rf{number}_connect_conv")
    x = layers.Conv2D(64, (1, 1), activation="relu", padding="same", name="0_conv_1x1_x1")(x)
    x = layers.BatchNormalization()(x)
    outputs = layers.Conv2D(16, (1, 1), activation="linear", padding="same", name="0_conv_1x1_parts")(x)
    return keras.Model(inputs=inputs, outputs=outputs)


def nerf(keras: Any) -> Any:
    """Rays to colours and densities: eight dense layers, the input once more after five."""
    layers = keras.layers
    inputs = keras.Input(shape=(512, 2 * 3 * 16 + 3))
    x = inputs
    for i in range(8):
        x = layers.Dense(units=64, activation="relu")(x)
        if i % 4 == 0 and i > 0:
            x = layers.concatenate([x, inputs], axis=-1)
    outputs = layers.Dense(units=4)(x)
    return keras.Model(inputs=inputs, outputs=outputs)
