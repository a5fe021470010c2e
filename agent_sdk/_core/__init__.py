"""What every other package may use: JSON lines, logging, lazy imports, checks, and callbacks. Imports none of them."""
