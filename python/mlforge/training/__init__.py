"""Trains a network and quantises it to int8. Only the worker process imports TensorFlow; see `trainer.Trainer`."""
