"""Tables, recommendations and agents."""

from __future__ import annotations

from typing import Any


def collaborative(keras: Any) -> Any:
    """Ratings of films: a product of two embeddings and a bias of each side."""
    layers = keras.layers
    user = keras.Input(shape=(1,), name="user", dtype="int32")
    movie = keras.Input(shape=(1,), name="movie", dtype="int32")
    user_vector = layers.Flatten()(layers.Embedding(610, 50, name="user_embedding")(user))
    user_bias = layers.Flatten()(layers.Embedding(610, 1, name="user_bias")(user))
    movie_vector = layers.Flatten()(layers.Embedding(970, 50, name="movie_embedding")(movie))
    movie_bias = layers.Flatten()(layers.Embedding(970, 1, name="movie_bias")(movie))
    dot_user_movie = layers.Dot(axes=1)([user_vector, movie_vector])
    x = layers.Add()([dot_user_movie, user_bias, movie_bias])
    return keras.Model([user, movie], layers.Activation("sigmoid")(x))


def deep_cross(keras: Any) -> Any:
    """Deep and cross network over columns, some of them embedded; products and sums by operators."""
    layers = keras.layers
    inputs, features = [], []
    for name, size in (("Soil_Type", 40), ("Wilderness_Area", 4)):
        column = keras.Input(shape=(1,), name=name, dtype="int32")
        inputs.append(column)
        embedded = layers.Embedding(size, 8)(column)
        features.append(layers.Flatten()(embedded))
    numeric = keras.Input(shape=(10,), name="numeric")
    inputs.append(numeric)
    x0 = layers.concatenate([*features, numeric])
    cross = x0
    for _ in range(2):
        units = cross.shape[-1]
        x = layers.Dense(units)(cross)
        cross = x0 * x + cross
    cross = layers.BatchNormalization()(cross)
    deep = x0
    for units in (32, 32):
        deep = layers.Dense(units)(deep)
        deep = layers.BatchNormalization()(deep)
        deep = layers.ReLU()(deep)
        deep = layers.Dropout(0.1)(deep)
    merged = layers.concatenate([cross, deep])
    outputs = layers.Dense(units=7, activation="softmax")(merged)
    return keras.Model(inputs=inputs, outputs=outputs)


def tab_transformer(keras: Any) -> Any:
    """Columns as words of a transformer, numbers beside them."""
    layers, ops = keras.layers, keras.ops
    embedding_dims, num_heads = 16, 4
    inputs, encoded = [], []
    for name, size in (("workclass", 9), ("education", 16), ("occupation", 15), ("race", 5), ("gender", 2)):
        column = keras.Input(name=name, shape=(1,), dtype="int32")
        inputs.append(column)
        encoded.append(layers.Embedding(input_dim=size, output_dim=embedding_dims)(column))
    numerical = keras.Input(name="numbers", shape=(5,))
    inputs.append(numerical)
    encoded_categorical_features = ops.concatenate(encoded, axis=1)
    for block_idx in range(2):
        attention_output = layers.MultiHeadAttention(
            num_heads=num_heads, key_dim=embedding_dims, dropout=0.2, name=f"multihead_attention_{block_idx}"
        )(encoded_categorical_features, encoded_categorical_features)
        x = layers.Add(name=f"skip_connection1_{block_idx}")([attention_output, encoded_categorical_features])
        x = layers.LayerNormalization(name=f"layer_norm1_{block_idx}", epsilon=1e-6)(x)
        feedforward_output = keras.Sequential(
            [layers.Dense(embedding_dims, activation="gelu"), layers.Dropout(0.2)], name=f"feedforward_{block_idx}"
        )(x)
        x = layers.Add(name=f"skip_connection2_{block_idx}")([feedforward_output, x])
        encoded_categorical_features = layers.LayerNormalization(name=f"layer_norm2_{block_idx}", epsilon=1e-6)(x)
    categorical_features = layers.Flatten()(encoded_categorical_features)
    numerical_features = layers.LayerNormalization(epsilon=1e-6)(numerical)
    features = layers.concatenate([categorical_features, numerical_features])
    mlp = keras.Sequential(name="MLP")
    for units in (64, 32):
        mlp.add(layers.BatchNormalization())
        mlp.add(layers.Dense(units, activation="selu"))
        mlp.add(layers.Dropout(0.2))
    features = mlp(features)
    outputs = layers.Dense(units=1, activation="sigmoid", name="sigmoid")(features)
    return keras.Model(inputs=inputs, outputs=outputs)


def gated_selection(keras: Any) -> Any:
    """Gated residual networks choose among columns."""
    layers, ops = keras.layers, keras.ops
    units, count = 16, 5

    def gated_linear_unit(x: Any) -> Any:
        return layers.Dense(units)(x) * layers.Dense(units, activation="sigmoid")(x)

    def gated_residual_network(inputs: Any) -> Any:
        x = layers.Dense(units, activation="elu")(inputs)
        x = layers.Dense(units)(x)
        x = layers.Dropout(0.15)(x)
        if inputs.shape[-1] != units:
            inputs = layers.Dense(units)(inputs)
        x = inputs + gated_linear_unit(x)
        return layers.LayerNormalization()(x)

    columns = [keras.Input(shape=(1,), name=f"column_{number}") for number in range(count)]
    encoded = [layers.Dense(units)(column) for column in columns]
    v = layers.concatenate(encoded)
    v = gated_residual_network(v)
    v = layers.Dense(count, activation="softmax")(v)
    v = layers.Reshape((count, 1))(v)
    x = ops.stack([gated_residual_network(feature) for feature in encoded], axis=1)
    features = layers.Flatten()(layers.Dot(axes=1)([v, x]))
    outputs = layers.Dense(units=1, activation="sigmoid")(features)
    return keras.Model(inputs=columns, outputs=outputs)


def structured(keras: Any) -> Any:
    """Structured data from scratch: one normalisation for each number, one embedding for each category."""
    layers = keras.layers
    inputs, encoded = [], []
    for name, size in (("sex", 3), ("cp", 6), ("thal", 5)):
        column = keras.Input(shape=(1,), name=name, dtype="int64")
        inputs.append(column)
        encoded.append(layers.Flatten()(layers.Embedding(size, 4)(column)))
    for name in ("age", "trestbps", "chol", "oldpeak"):
        column = keras.Input(shape=(1,), name=name)
        inputs.append(column)
        encoded.append(layers.BatchNormalization()(column))
    all_features = layers.concatenate(encoded)
    x = layers.Dense(32, activation="relu")(all_features)
    x = layers.Dropout(0.5)(x)
    output = layers.Dense(1, activation="sigmoid")(x)
    return keras.Model(inputs, output)


def dueling_dqn(keras: Any) -> Any:
    """Values of actions from screens: a value and advantages, less their mean."""
    layers, ops = keras.layers, keras.ops
    inputs = layers.Input(shape=(84, 84, 4))
    layer1 = layers.Conv2D(32, 8, strides=4, activation="relu")(inputs)
    layer2 = layers.Conv2D(64, 4, strides=2, activation="relu")(layer1)
    layer3 = layers.Conv2D(64, 3, strides=1, activation="relu")(layer2)
    layer4 = layers.Flatten()(layer3)
    value = layers.Dense(1)(layers.Dense(128, activation="relu")(layer4))
    advantage = layers.Dense(6)(layers.Dense(128, activation="relu")(layer4))
    q_values = value + (advantage - ops.mean(advantage, axis=1, keepdims=True))
    return keras.Model(inputs=inputs, outputs=q_values)


def cartpole(keras: Any) -> Any:
    """One hidden layer, probabilities of actions and the critic's value."""
    layers = keras.layers
    inputs = layers.Input(shape=(4,))
    common = layers.Dense(128, activation="relu")(inputs)
    action = layers.Dense(2, activation="softmax")(common)
    critic = layers.Dense(1)(common)
    return keras.Model(inputs=inputs, outputs=[action, critic])
