"""Pictures to pictures: segmentation, enhancement, depth."""

from __future__ import annotations

from typing import Any


def pets(keras: Any) -> Any:
    """Segmentation of pets: separable blocks down, transposed convolutions up, shortcuts within the blocks."""
    layers = keras.layers
    inputs = keras.Input(shape=(96, 96, 3))
    x = layers.Conv2D(16, 3, strides=2, padding="same")(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    previous_block_activation = x
    for filters in [32, 64, 96]:
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.SeparableConv2D(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
        residual = layers.Conv2D(filters, 1, strides=2, padding="same")(previous_block_activation)
        x = layers.add([x, residual])
        previous_block_activation = x
    for filters in [96, 64, 32, 16]:
        x = layers.Activation("relu")(x)
        x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.Activation("relu")(x)
        x = layers.Conv2DTranspose(filters, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.UpSampling2D(2)(x)
        residual = layers.UpSampling2D(2)(previous_block_activation)
        residual = layers.Conv2D(filters, 1, padding="same")(residual)
        x = layers.add([x, residual])
        previous_block_activation = x
    outputs = layers.Conv2D(3, 3, activation="softmax", padding="same")(x)
    return keras.Model(inputs, outputs)


def deeplab(keras: Any) -> Any:
    """Dilated pyramid pooling over a small residual backbone, low-level features joined before the last steps."""
    layers = keras.layers

    def convolution_block(
        block_input: Any, num_filters: int = 64, kernel_size: int = 3, dilation_rate: int = 1, use_bias: bool = False
    ) -> Any:
        x = layers.Conv2D(
            num_filters, kernel_size=kernel_size, dilation_rate=dilation_rate, padding="same", use_bias=use_bias
        )(block_input)
        x = layers.BatchNormalization()(x)
        return layers.ReLU()(x)

    def residual(x: Any, filters: int, strides: int) -> Any:
        shortcut = layers.Conv2D(filters, 1, strides=strides, padding="same", use_bias=False)(x)
        shortcut = layers.BatchNormalization()(shortcut)
        x = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.ReLU()(layers.Add()([x, shortcut]))

    model_input = keras.Input(shape=(128, 128, 3))
    x = layers.Conv2D(16, 7, strides=2, padding="same", use_bias=False)(model_input)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    low = residual(x, 32, 1)
    x = residual(low, 64, 2)
    dspp_input = residual(x, 96, 2)
    dims = dspp_input.shape
    x = layers.AveragePooling2D(pool_size=(dims[-3], dims[-2]))(dspp_input)
    x = convolution_block(x, kernel_size=1, use_bias=True)
    out_pool = layers.UpSampling2D(size=(dims[-3] // x.shape[1], dims[-2] // x.shape[2]), interpolation="bilinear")(x)
    out_1 = convolution_block(dspp_input, kernel_size=1, dilation_rate=1)
    out_6 = convolution_block(dspp_input, kernel_size=3, dilation_rate=6)
    out_12 = convolution_block(dspp_input, kernel_size=3, dilation_rate=12)
    out_18 = convolution_block(dspp_input, kernel_size=3, dilation_rate=18)
    x = layers.Concatenate(axis=-1)([out_pool, out_1, out_6, out_12, out_18])
    x = convolution_block(x, kernel_size=1)
    input_a = layers.UpSampling2D(size=(4, 4), interpolation="bilinear")(x)
    input_b = convolution_block(low, num_filters=24, kernel_size=1)
    x = layers.Concatenate(axis=-1)([input_a, input_b])
    x = convolution_block(x)
    x = convolution_block(x)
    x = layers.UpSampling2D(size=(4, 4), interpolation="bilinear")(x)
    model_output = layers.Conv2D(20, kernel_size=(1, 1), padding="same")(x)
    return keras.Model(inputs=model_input, outputs=model_output)


def zero_dce(keras: Any) -> Any:
    """Light curves of a dark picture: seven convolutions joined symmetrically."""
    layers = keras.layers

    def conv(filters: int, activation: str) -> Any:
        return layers.Conv2D(filters, (3, 3), strides=(1, 1), activation=activation, padding="same")

    input_img = keras.Input(shape=[None, None, 3])
    conv1 = conv(32, "relu")(input_img)
    conv2 = conv(32, "relu")(conv1)
    conv3 = conv(32, "relu")(conv2)
    conv4 = conv(32, "relu")(conv3)
    int_con1 = layers.Concatenate(axis=-1)([conv4, conv3])
    conv5 = conv(32, "relu")(int_con1)
    int_con2 = layers.Concatenate(axis=-1)([conv5, conv2])
    conv6 = conv(32, "relu")(int_con2)
    int_con3 = layers.Concatenate(axis=-1)([conv6, conv1])
    x_r = conv(24, "tanh")(int_con3)
    return keras.Model(inputs=input_img, outputs=x_r)


def mirnet(keras: Any) -> Any:
    """Low-light enhancement: dual attention in residual groups, two resolutions fused by selective kernels."""
    layers, ops = keras.layers, keras.ops

    def channel_attention_block(input_tensor: Any) -> Any:
        channels = input_tensor.shape[-1]
        average_pooling = layers.GlobalAveragePooling2D()(input_tensor)
        feature_descriptor = layers.Reshape((1, 1, channels))(average_pooling)
        feature_activations = layers.Conv2D(channels // 8, 1, activation="relu")(feature_descriptor)
        feature_activations = layers.Conv2D(channels, 1, activation="sigmoid")(feature_activations)
        return input_tensor * feature_activations

    def spatial_attention_block(input_tensor: Any) -> Any:
        average_pooling = ops.mean(input_tensor, axis=-1, keepdims=True)
        max_pooling = ops.max(input_tensor, axis=-1, keepdims=True)
        concatenated = layers.Concatenate(axis=-1)([average_pooling, max_pooling])
        feature_map = layers.Conv2D(1, 1, activation="sigmoid")(concatenated)
        return input_tensor * feature_map

    def dual_attention_unit_block(input_tensor: Any) -> Any:
        channels = input_tensor.shape[-1]
        feature_map = layers.Conv2D(channels, 3, padding="same", activation="relu")(input_tensor)
        feature_map = layers.Conv2D(channels, 3, padding="same")(feature_map)
        channel_attention = channel_attention_block(feature_map)
        spatial_attention = spatial_attention_block(feature_map)
        concatenation = layers.Concatenate(axis=-1)([channel_attention, spatial_attention])
        concatenation = layers.Conv2D(channels, 1)(concatenation)
        return layers.Add()([input_tensor, concatenation])

    def selective_kernel_feature_fusion(first: Any, second: Any) -> Any:
        channels = first.shape[-1]
        combined_feature = layers.Add()([first, second])
        gap = layers.GlobalAveragePooling2D()(combined_feature)
        channel_wise_statistics = layers.Reshape((1, 1, channels))(gap)
        compact = layers.Conv2D(channels // 8, 1, activation="relu")(channel_wise_statistics)
        descriptor_1 = layers.Conv2D(channels, 1, activation="softmax")(compact)
        descriptor_2 = layers.Conv2D(channels, 1, activation="softmax")(compact)
        return layers.Add()([first * descriptor_1, second * descriptor_2])

    def multi_scale_residual_block(input_tensor: Any, channels: int) -> Any:
        level1 = input_tensor
        level2 = layers.MaxPooling2D(pool_size=(2, 2))(layers.Conv2D(channels, 1)(level1))
        level1_dau = dual_attention_unit_block(level1)
        level2_dau = dual_attention_unit_block(level2)
        level2_up = layers.UpSampling2D(size=(2, 2), interpolation="bilinear")(level2_dau)
        skff = selective_kernel_feature_fusion(level1_dau, level2_up)
        conv = layers.Conv2D(channels, 3, padding="same")(skff)
        return layers.Add()([input_tensor, conv])

    channels = 32
    input_tensor = keras.Input(shape=[64, 64, 3])
    x1 = layers.Conv2D(channels, 3, padding="same")(input_tensor)
    for _ in range(2):
        conv1 = layers.Conv2D(channels, 3, padding="same")(x1)
        conv1 = multi_scale_residual_block(conv1, channels)
        conv2 = layers.Conv2D(channels, 3, padding="same")(conv1)
        x1 = layers.Add()([conv2, x1])
    conv = layers.Conv2D(3, 3, padding="same")(x1)
    output_tensor = layers.Add()([input_tensor, conv])
    return keras.Model(input_tensor, output_tensor)


def depth(keras: Any) -> Any:
    """Depth of a scene: sums within the blocks, bilinear enlargement, joined with the way down."""
    layers = keras.layers
    leaky = {"negative_slope" if keras.__name__ == "keras" else "alpha": 0.2}

    def two(x: Any, filters: int) -> tuple[Any, Any]:
        d = layers.Conv2D(filters, 3, 1, "same")(x)
        x = layers.BatchNormalization()(d)
        x = layers.LeakyReLU(**leaky)(x)
        x = layers.Conv2D(filters, 3, 1, "same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.LeakyReLU(**leaky)(x)
        return d, x

    def downscale(x: Any, filters: int) -> tuple[Any, Any]:
        d, x = two(x, filters)
        x = layers.add([x, d])
        return x, layers.MaxPool2D((2, 2), (2, 2))(x)

    def upscale(x: Any, skip: Any, filters: int) -> Any:
        x = layers.UpSampling2D(size=(2, 2), interpolation="bilinear")(x)
        concat = layers.Concatenate()([x, skip])
        return two(concat, filters)[1]

    f = [16, 32, 48, 64]
    inputs = keras.Input((64, 64, 3))
    c1, p1 = downscale(inputs, f[0])
    c2, p2 = downscale(p1, f[1])
    c3, p3 = downscale(p2, f[2])
    x = layers.Conv2D(f[3], 3, 1, "same")(p3)
    x = layers.LeakyReLU(**leaky)(x)
    x = layers.Conv2D(f[3], 3, 1, "same")(x)
    x = layers.LeakyReLU(**leaky)(x)
    x = upscale(x, c3, f[2])
    x = upscale(x, c2, f[1])
    x = upscale(x, c1, f[0])
    outputs = layers.Conv2D(1, (1, 1), padding="same", activation="tanh")(x)
    return keras.Model(inputs, outputs)


def facades(keras: Any) -> Any:
    """The tutorial's generator: every step down and up is a Sequential of its own."""
    layers = keras.layers

    def downsample(filters: int, size: int, apply_batchnorm: bool = True) -> Any:
        result = keras.Sequential()
        result.add(layers.Conv2D(filters, size, strides=2, padding="same", use_bias=False))
        if apply_batchnorm:
            result.add(layers.BatchNormalization())
        result.add(layers.LeakyReLU())
        return result

    def upsample(filters: int, size: int, apply_dropout: bool = False) -> Any:
        result = keras.Sequential()
        result.add(layers.Conv2DTranspose(filters, size, strides=2, padding="same", use_bias=False))
        result.add(layers.BatchNormalization())
        if apply_dropout:
            result.add(layers.Dropout(0.5))
        result.add(layers.ReLU())
        return result

    inputs = layers.Input(shape=[64, 64, 3])
    down_stack = [downsample(16, 4, apply_batchnorm=False), *(downsample(n, 4) for n in (32, 64, 64, 64, 64))]
    up_stack = [upsample(64, 4, apply_dropout=True), upsample(64, 4, apply_dropout=True)]
    up_stack += [upsample(n, 4) for n in (64, 32, 16)]
    last = layers.Conv2DTranspose(3, 4, strides=2, padding="same", activation="tanh")
    x = inputs
    skips = []
    for down in down_stack:
        x = down(x)
        skips.append(x)
    for up, skip in zip(up_stack, reversed(skips[:-1]), strict=True):
        x = up(x)
        x = layers.Concatenate()([x, skip])
    return keras.Model(inputs=inputs, outputs=last(x))
