"""Batch queries: the worker pool, progress display, and the cost ledger."""
