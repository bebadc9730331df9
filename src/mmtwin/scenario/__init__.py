"""The scenario language, run on the twin and scored against answers of real kernels."""
