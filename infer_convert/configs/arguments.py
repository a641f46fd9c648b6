"""Constructor arguments of the layers that a plan may name, apart from initializers, regularizers and constraints.

Source: the signatures of Keras 3.15.1, through ``**kwargs``; ``name``, ``dtype`` and ``trainable`` are known to all.
"""

from __future__ import annotations

_TABLE = """
Activation: activation
ActivityRegularization: l1 l2
AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D
    AdaptiveMaxPooling3D: data_format output_size
Add Average Identity Maximum Minimum Multiply Subtract:
AdditiveAttention Attention: dropout score_mode seed use_scale
AlphaDropout Dropout: noise_shape rate seed
AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D: data_format padding
    pool_dimensions pool_mode pool_size strides
BatchNormalization: axis center epsilon momentum renorm renorm_clipping renorm_momentum scale synchronized
Bidirectional: backward_layer layer merge_mode
CategoryEncoding: num_tokens output_mode sparse
CenterCrop: bounding_box_format data_format factor height width
Concatenate Softmax UnitNormalization: axis
Conv1D Conv2D Conv3D: activation data_format dilation_rate filters groups kernel_size padding strides use_bias
Conv1DTranspose Conv2DTranspose Conv3DTranspose: activation data_format dilation_rate filters kernel_size
    output_padding padding strides use_bias
ConvLSTM1D ConvLSTM2D ConvLSTM3D: activation cell data_format dilation_rate dropout filters go_backwards kernel_size
    padding recurrent_activation recurrent_dropout return_sequences return_state seed stateful strides
    unit_forget_bias unroll use_bias zero_output_for_mask
Cropping1D: cropping
Cropping2D Cropping3D: cropping data_format
Dense: activation units use_bias
DepthwiseConv1D DepthwiseConv2D: activation data_format depth_multiplier dilation_rate kernel_size padding strides
    use_bias
Discretization: bin_boundaries epsilon num_bins output_mode sparse
Dot: axes normalize
ELU: alpha
EinsumDense: activation bias_axes equation gptq_unpacked_column_size output_shape
Embedding: input_dim input_length mask_zero output_dim
Flatten: data_format
GRU: activation cell dropout go_backwards implementation recurrent_activation recurrent_dropout reset_after
    return_sequences return_state seed stateful units unroll use_bias use_cudnn zero_output_for_mask
GRUCell: activation dropout recurrent_activation recurrent_dropout reset_after seed units use_bias
GaussianDropout SpatialDropout1D: rate seed
GaussianNoise: seed stddev
GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D
    GlobalMaxPooling3D: data_format keepdims pool_dimensions
GroupNormalization: axis center epsilon groups scale
GroupQueryAttention: dropout flash_attention head_dim num_key_value_heads num_query_heads seed sliding_window use_bias
    use_gate
HashedCrossing: num_bins output_mode sparse
Hashing: mask_value num_bins output_mode salt sparse
IntegerLookup: idf_weights invert mask_token max_tokens num_oov_indices oov_method oov_token output_mode
    pad_to_max_tokens salt sparse vocabulary vocabulary_dtype
LSTM: activation cell dropout go_backwards implementation recurrent_activation recurrent_dropout return_sequences
    return_state seed stateful unit_forget_bias units unroll use_bias use_cudnn zero_output_for_mask
LSTMCell: activation dropout implementation recurrent_activation recurrent_dropout seed unit_forget_bias units
    use_bias
LayerNormalization: axis center epsilon rms_scaling scale
LeakyReLU: negative_slope
Masking: mask_value
MelSpectrogram: fft_length mag_exp max_freq min_freq min_power num_mel_bins power_to_db ref_power sampling_rate
    sequence_length sequence_stride top_db window
MultiHeadAttention: attention_axes dropout flash_attention key_dim num_heads output_shape seed sliding_window use_bias
    use_gate value_dim
Normalization: axis invert mean variance
PReLU: shared_axes
Permute: dims
RMSNormalization: axis epsilon
RNN: cell go_backwards return_sequences return_state stateful unroll zero_output_for_mask
RandomBrightness RandomContrast: bounding_box_format data_format factor seed value_range
RandomCrop: bounding_box_format data_format factor height seed width
RandomFlip: bounding_box_format data_format factor mode seed
RandomRotation: bounding_box_format data_format factor fill_mode fill_value interpolation seed
RandomTranslation RandomZoom: bounding_box_format data_format factor fill_mode fill_value height_factor interpolation
    seed width_factor
ReLU: max_value negative_slope threshold
RepeatVector: n
Rescaling: offset scale
Reshape: target_shape
Resizing: antialias bounding_box_format crop_to_aspect_ratio data_format factor fill_mode fill_value height
    interpolation pad_to_aspect_ratio width
ReversibleEmbedding: input_dim logit_soft_cap mask_zero output_dim reverse_dtype tie_weights
STFTSpectrogram: data_format expand_dims fft_length frame_length frame_step mode padding periodic scaling window
SeparableConv1D SeparableConv2D: activation data_format depth_multiplier dilation_rate filters kernel_size padding
    strides use_bias
SimpleRNN: activation cell dropout go_backwards recurrent_dropout return_sequences return_state seed stateful units
    unroll use_bias zero_output_for_mask
SimpleRNNCell: activation dropout recurrent_dropout seed units use_bias
SpatialDropout2D SpatialDropout3D: data_format rate seed
SpectralNormalization: layer power_iterations
StackedRNNCells: cells
StringLookup: encoding idf_weights invert mask_token max_tokens num_oov_indices oov_method oov_token output_mode
    pad_to_max_tokens salt sparse vocabulary vocabulary_dtype
TextVectorization: encoding idf_weights max_tokens ngrams output_mode output_sequence_length pad_to_max_tokens ragged
    sparse split standardize vocabulary
TimeDistributed: layer
UpSampling1D: size
UpSampling2D: data_format interpolation size
UpSampling3D: data_format size
ZeroPadding1D ZeroPadding2D ZeroPadding3D: data_format padding
"""
"""Lines ``classes: arguments``; an indented line continues the one before."""


def _read(table: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in table.strip().replace("\n    ", " ").splitlines():
        classes, _, names = line.partition(":")
        for name in classes.split():
            found[name] = frozenset(names.split())
    return found


ARGUMENTS: dict[str, frozenset[str]] = _read(_TABLE)
