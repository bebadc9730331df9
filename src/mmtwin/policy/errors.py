"""What is wrong with a policy."""

from __future__ import annotations


class PolicyError(Exception):
    """A policy that cannot be used, in one line."""
