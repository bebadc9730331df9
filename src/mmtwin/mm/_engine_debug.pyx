# The same unit, built with bounds checks and assertions.
include "_engine.pyx"
