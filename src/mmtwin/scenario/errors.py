"""What is wrong with the files that a user gives."""

from __future__ import annotations


class ScenarioError(ValueError):
    """A scenario or an answer file that cannot be used: file, line, what is wrong."""
