"""One release: firmware, model, thresholds and calibration as one signed image. See docs/bundle.md."""
