"""The parts of a template that report metrics, by kind of pattern."""
