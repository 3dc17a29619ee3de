"""Twenty small PyTorch networks of the kinds that people put on microcontrollers, to measure importers with.

Each function returns a module with seeded weights; `SHAPES` has its input's shape without the batch. Batch norms have
statistics that are not the defaults, so that folding them wrongly shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import nn

SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "mlp": (12,),
    "mlp_batch_norm": (16,),
    "autoencoder": (40,),
    "cnn_2d": (1, 16, 16),
    "cnn_1d": (3, 64),
    "depthwise_separable": (1, 20, 10),
    "mobile_inverted": (8, 16, 16),
    "residual": (3, 16, 16),
    "squeeze_excite": (8, 12, 12),
    "tcn_dilated": (4, 48),
    "grouped": (8, 12, 12),
    "inception": (3, 16, 16),
    "dense_net": (4, 12, 12),
    "average_pool_strided": (3, 32, 32),
    "prelu_leaky": (2, 16, 16),
    "lstm": (20, 6),
    "gru": (20, 6),
    "transformer": (16, 24),
    "unet_1d": (2, 64),
    "two_dimensional_attention": (8, 8, 8),
}


def settled(module: nn.Module) -> nn.Module:
    """Batch norms with statistics as after a training."""
    for each in module.modules():
        if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d):
            each.running_mean.normal_(0.0, 0.3)
            each.running_var.uniform_(0.5, 1.5)
            each.weight.data.uniform_(0.7, 1.3)
            each.bias.data.normal_(0.0, 0.2)
    return module.eval()


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(12, 24), nn.ReLU(), nn.Linear(24, 16), nn.Tanh(), nn.Linear(16, 4), nn.Softmax(1))


def mlp_batch_norm() -> nn.Module:
    return nn.Sequential(nn.Linear(16, 32), nn.BatchNorm1d(32), nn.ReLU6(), nn.Linear(32, 5))


def autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Linear(40, 16), nn.ReLU(), nn.Linear(16, 6), nn.ReLU(), nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 40)
    )


def cnn_2d() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(12 * 9, 10),
        nn.Softmax(1),
    )


def cnn_1d() -> nn.Module:
    return nn.Sequential(
        nn.Conv1d(3, 8, 5, stride=2, padding=2),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Conv1d(8, 16, 3),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(16, 6),
    )


def depthwise_separable() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, (5, 3), stride=2, padding=(2, 1), bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 24, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 12),
        nn.Softmax(1),
    )


class Residual(nn.Module):
    def __init__(self, channels: int, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.channels = inner, channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


def mobile_inverted() -> nn.Module:
    inner = nn.Sequential(
        nn.Conv2d(8, 24, 1, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU6(),
        nn.Conv2d(24, 24, 3, padding=1, groups=24, bias=False),
        nn.BatchNorm2d(24),
        nn.ReLU6(),
        nn.Conv2d(24, 8, 1, bias=False),
        nn.BatchNorm2d(8),
    )
    return nn.Sequential(Residual(8, inner), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))


def residual() -> nn.Module:
    inner = nn.Sequential(
        nn.Conv2d(12, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=1),
        nn.BatchNorm2d(12),
    )
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1),
        nn.ReLU(),
        Residual(12, inner),
        nn.ReLU(),
        nn.AvgPool2d(4),
        nn.Flatten(),
        nn.Linear(12 * 16, 5),
        nn.Softmax(1),
    )


class SqueezeExcite(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1)
        self.first, self.last = nn.Conv2d(8, 16, 3, padding=1), nn.Linear(16, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.first(x))
        scale = torch.sigmoid(self.up(torch.relu(self.down(x.mean((2, 3), keepdim=True)))))
        return self.last((x * scale).mean((2, 3)))


def squeeze_excite() -> nn.Module:
    return SqueezeExcite()


class Causal(nn.Module):
    def __init__(self, inputs: int, outputs: int, dilation: int) -> None:
        super().__init__()
        self.convolution, self.behind = nn.Conv1d(inputs, outputs, 3, dilation=dilation), 2 * dilation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.convolution(nn.functional.pad(x, (self.behind, 0))))


class LastStep(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, -1]


def tcn_dilated() -> nn.Module:
    return nn.Sequential(
        Causal(4, 8, 1), Residual(8, Causal(8, 8, 2)), Residual(8, Causal(8, 8, 4)), LastStep(), nn.Linear(8, 4)
    )


def grouped() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(8, 16, 3, groups=4), nn.ReLU(), nn.Conv2d(16, 8, 1, groups=2), nn.Flatten(), nn.Linear(800, 4)
    )


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.three, self.five = (
            nn.Conv2d(3, 4, 1),
            nn.Conv2d(3, 6, 3, padding=1),
            nn.Conv2d(3, 6, 5, padding=2),
        )
        self.last = nn.Linear(16 * 16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(torch.cat([self.one(x), self.three(x), self.five(x)], 1))
        return self.last(nn.functional.max_pool2d(x, 4).flatten(1))


def inception() -> nn.Module:
    return Inception()


class Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(4 + 4 * index, 4, 3, padding=1) for index in range(3))
        self.last = nn.Linear(16, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.cat([x, torch.relu(layer(x))], 1)
        return self.last(x.mean((2, 3)))


def dense_net() -> nn.Module:
    return Dense()


def average_pool_strided() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Conv2d(8, 8, 3, stride=2, padding=1),
        nn.Sigmoid(),
        nn.Flatten(),
        nn.Linear(8 * 16, 7),
    )


def prelu_leaky() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 6, 3),
        nn.PReLU(6),
        nn.Conv2d(6, 6, 3),
        nn.LeakyReLU(0.1),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 2),
    )


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        self.cell, self.last = kind(6, 12, batch_first=True), nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.cell(x)[0][:, -1])


def lstm() -> nn.Module:
    return Recurrent(nn.LSTM)


def gru() -> nn.Module:
    return Recurrent(nn.GRU)


class Attention(nn.Module):
    """Written out, with heads by reshaping, as small transformers are."""

    def __init__(self, size: int, heads: int) -> None:
        super().__init__()
        self.mixed, self.out, self.heads = nn.Linear(size, 3 * size), nn.Linear(size, size), heads

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, steps, size = x.shape
        split = self.mixed(x).reshape(batch, steps, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = split[0], split[1], split[2]
        scores = torch.softmax(query @ key.transpose(-2, -1) * (size // self.heads) ** -0.5, -1)
        return self.out((scores @ value).transpose(1, 2).reshape(batch, steps, size))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention, self.first, self.second = Attention(24, 4), nn.LayerNorm(24), nn.LayerNorm(24)
        self.wide, self.narrow, self.last = nn.Linear(24, 48), nn.Linear(48, 24), nn.Linear(24, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.first(x))
        x = x + self.narrow(torch.relu(self.wide(self.second(x))))
        return self.last(x.mean(1))


def transformer() -> nn.Module:
    return Transformer()


class Unet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.inner, self.up = (
            nn.Conv1d(2, 8, 4, 2, 1),
            nn.Conv1d(8, 8, 3, 1, 1),
            nn.ConvTranspose1d(8, 4, 4, 2, 1),
        )
        self.last = nn.Conv1d(6, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        up = torch.relu(self.up(torch.relu(self.inner(torch.relu(self.down(x))))))
        return torch.sigmoid(self.last(torch.cat([x, up], 1)))


def unet_1d() -> nn.Module:
    return Unet()


class Spatial(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mask, self.last = nn.Conv2d(2, 1, 3, padding=1), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        summary = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return self.last((x * torch.sigmoid(self.mask(summary))).mean((2, 3)))


def two_dimensional_attention() -> nn.Module:
    return Spatial()


def network(name: str) -> nn.Module:
    """One of `SHAPES`, with the same weights each time."""
    torch.manual_seed(7)
    make: Callable[[], nn.Module] = globals()[name]
    return settled(make())
