"""Names of operators, ours and other converters'."""

from __future__ import annotations

import pytest

from mlforge.report.names import readable


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("l0_relu_1/Relu;l0_norm_1/batchnorm/add_1;l0_conv_1/convolution", "layer 0, batch norm, ReLU"),
        (
            "l2_depthwise_relu_1/Relu;l2_depthwise_norm_1/mul;l2_depthwise_1/depthwise",
            "layer 2, depthwise, batch norm, ReLU",
        ),
        ("l2_pointwise_1/convolution;l2_pointwise_norm_1/batchnorm/sub1", "layer 2, pointwise, batch norm"),
        ("l4_1_norm_1/batchnorm/add_1;l4_1_conv_1/convolution", "layer 4.1, batch norm"),
        ("l4_relu_1/Relu;l4_add_1/Add", "layer 4, ReLU"),
        ("l7_dense_1/MatMul;l7_relu_1/Relu;l7_dense_1/BiasAdd", "layer 7, ReLU"),
        ("outputs_1/MatMul;outputs_1/BiasAdd", "output layer"),
        ("Identity", "the output"),
        ("l3_pool_1/MaxPool2d", "layer 3"),
        ("l2_depthwise", "layer 2, depthwise"),
        ("l4_0", "layer 4.0"),
        ("model/block_1/expand/Conv2D;model/block_1/bn/FusedBatchNormV3", "expand"),
        ("StatefulPartitionedCall:0", "StatefulPartitionedCall:0"),
        ("", ""),
        (";;", ""),
    ],
)
def test_readable(name: str, words: str) -> None:
    assert readable(name) == words
