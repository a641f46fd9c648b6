"""Words and letters."""

from __future__ import annotations

from typing import Any


def bilstm_imdb(keras: Any) -> Any:
    """Two bidirectional LSTMs over reviews."""
    layers = keras.layers
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(5000, 64)(inputs)
    x = layers.Bidirectional(layers.LSTM(32, return_sequences=True))(x)
    x = layers.Bidirectional(layers.LSTM(32))(x)
    outputs = layers.Dense(1, activation="sigmoid")(x)
    return keras.Model(inputs, outputs)


def review_cnn(keras: Any) -> Any:
    """Text classification from scratch: strided convolutions over words."""
    layers = keras.layers
    inputs = keras.Input(shape=(100,), dtype="int64")
    x = layers.Embedding(4000, 64)(inputs)
    x = layers.Dropout(0.5)(x)
    x = layers.Conv1D(64, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.Conv1D(64, 7, padding="valid", activation="relu", strides=3)(x)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    predictions = layers.Dense(1, activation="sigmoid", name="predictions")(x)
    return keras.Model(inputs, predictions)


def review_transformer(keras: Any) -> Any:
    """Text classification with a transformer block; words and places are inputs, sums by operators."""
    layers = keras.layers
    embed_dim, num_heads, ff_dim, maxlen = 32, 2, 32, 100
    tokens = layers.Input(shape=(maxlen,), dtype="int32")
    positions = layers.Input(shape=(maxlen,), dtype="int32")
    x = layers.Embedding(input_dim=4000, output_dim=embed_dim)(tokens)
    x = x + layers.Embedding(input_dim=maxlen, output_dim=embed_dim)(positions)
    attn_output = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)(x, x)
    attn_output = layers.Dropout(0.1)(attn_output)
    out1 = layers.LayerNormalization(epsilon=1e-6)(x + attn_output)
    ffn = keras.Sequential([layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)])
    ffn_output = layers.Dropout(0.1)(ffn(out1))
    x = layers.LayerNormalization(epsilon=1e-6)(out1 + ffn_output)
    x = layers.GlobalAveragePooling1D()(x)
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(20, activation="relu")(x)
    x = layers.Dropout(0.1)(x)
    outputs = layers.Dense(2, activation="softmax")(x)
    return keras.Model(inputs=[tokens, positions], outputs=outputs)


def seq2seq_chars(keras: Any) -> Any:
    """Translation letter by letter: the decoder starts from the encoder's states."""
    encoder_inputs = keras.Input(shape=(None, 71))
    encoder = keras.layers.LSTM(96, return_state=True)
    _, state_h, state_c = encoder(encoder_inputs)
    decoder_inputs = keras.Input(shape=(None, 93))
    decoder_lstm = keras.layers.LSTM(96, return_sequences=True, return_state=True)
    decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=[state_h, state_c])
    decoder_dense = keras.layers.Dense(93, activation="softmax")
    decoder_outputs = decoder_dense(decoder_outputs)
    return keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)


def memory_network(keras: Any) -> Any:
    """Questions about stories: two embeddings of the story, one of the question, a match between them."""
    layers = keras.layers
    vocab_size, story_maxlen, query_maxlen = 40, 68, 4
    input_sequence = keras.Input((story_maxlen,), dtype="int32")
    question = keras.Input((query_maxlen,), dtype="int32")
    input_encoder_m = keras.Sequential()
    input_encoder_m.add(layers.Embedding(input_dim=vocab_size, output_dim=64))
    input_encoder_m.add(layers.Dropout(0.3))
    input_encoder_c = keras.Sequential()
    input_encoder_c.add(layers.Embedding(input_dim=vocab_size, output_dim=query_maxlen))
    input_encoder_c.add(layers.Dropout(0.3))
    question_encoder = keras.Sequential()
    question_encoder.add(layers.Embedding(input_dim=vocab_size, output_dim=64))
    question_encoder.add(layers.Dropout(0.3))
    input_encoded_m = input_encoder_m(input_sequence)
    input_encoded_c = input_encoder_c(input_sequence)
    question_encoded = question_encoder(question)
    match = layers.dot([input_encoded_m, question_encoded], axes=(2, 2))
    match = layers.Activation("softmax")(match)
    response = layers.add([match, input_encoded_c])
    response = layers.Permute((2, 1))(response)
    answer = layers.concatenate([response, question_encoded])
    answer = layers.LSTM(32)(answer)
    answer = layers.Dropout(0.3)(answer)
    answer = layers.Dense(vocab_size)(answer)
    answer = layers.Activation("softmax")(answer)
    return keras.Model([input_sequence, question], answer)


def captioner(keras: Any) -> Any:
    """Captions: a picture's features and the words so far, added."""
    layers = keras.layers
    inputs1 = layers.Input(shape=(512,))
    fe1 = layers.Dropout(0.5)(inputs1)
    fe2 = layers.Dense(128, activation="relu")(fe1)
    inputs2 = layers.Input(shape=(34,), dtype="int32")
    se1 = layers.Embedding(3000, 128, mask_zero=True)(inputs2)
    se2 = layers.Dropout(0.5)(se1)
    se3 = layers.LSTM(128)(se2)
    decoder1 = layers.add([fe2, se3])
    decoder2 = layers.Dense(128, activation="relu")(decoder1)
    outputs = layers.Dense(3000, activation="softmax")(decoder2)
    return keras.Model(inputs=[inputs1, inputs2], outputs=outputs)


def tickets(keras: Any) -> Any:
    """The guide's three inputs and two outputs: title, body and tags of a ticket."""
    layers = keras.layers
    num_tags, num_words, num_departments = 12, 4000, 4
    title_input = keras.Input(shape=(None,), name="title", dtype="int32")
    body_input = keras.Input(shape=(None,), name="body", dtype="int32")
    tags_input = keras.Input(shape=(num_tags,), name="tags")
    title_features = layers.Embedding(num_words, 64)(title_input)
    body_features = layers.Embedding(num_words, 64)(body_input)
    title_features = layers.LSTM(128)(title_features)
    body_features = layers.LSTM(32)(body_features)
    x = layers.concatenate([title_features, body_features, tags_input])
    priority_pred = layers.Dense(1, name="priority")(x)
    department_pred = layers.Dense(num_departments, name="department")(x)
    return keras.Model(inputs=[title_input, body_input, tags_input], outputs=[priority_pred, department_pred])
