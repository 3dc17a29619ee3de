"""Power meters: what a board draws while inferences run on it. Each meter is one file behind `probe.Probe`."""
