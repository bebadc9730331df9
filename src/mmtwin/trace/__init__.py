"""Traces: the schema, readers of recordings, and the replay on a machine."""

from mmtwin.trace.errors import TraceError
from mmtwin.trace.open import Trace, open_trace

__all__ = ["Trace", "TraceError", "open_trace"]
