"""What the bytes of an image are for: the words of every account of flash and RAM."""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    """What a byte is for. All but the application's count against the limits of a contract."""

    WEIGHTS = "weights"
    CODE = "model code"  # generated for the model, with its instance; of RAM, its service's and its interpreter's
    KERNELS = "kernels"
    FEATURES = "features"
    ARENA = "arena"
    APPLICATION = "application"


class Part(StrEnum):
    """Whose code of an application's image it is, beside the model's."""

    APPLICATION = "application"
    MEASURING = "measuring firmware"
    SERVICE = "inference service"
    KERNEL = "Zephyr kernel"
    DRIVERS = "Zephyr drivers"
    SUBSYSTEMS = "Zephyr libraries"
    LIBRARY = "C library"
    MODULES = "other modules"
