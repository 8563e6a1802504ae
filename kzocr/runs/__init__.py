"""The parts of a training run: its data, its state and log, loss, optimiser, validation, several devices."""
