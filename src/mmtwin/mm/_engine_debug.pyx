# The same unit, built with bounds checks; every exception is handed up.
include "_engine.pyx"
