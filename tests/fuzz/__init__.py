"""Differential fuzzing of address-space calls: the same random calls here and on the twin."""
