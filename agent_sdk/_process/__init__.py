"""The CLI as a child process: found, started, read and ended. Knows lines, not frames."""
