"""mmtwin: an executable model of Linux memory management."""

__version__ = "0.1.0"
