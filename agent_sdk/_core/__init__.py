"""Shared basics without dependencies on other packages: JSON lines, logging, lazy imports, checks and callbacks."""
