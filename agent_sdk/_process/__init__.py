"""The CLI as a child process: locating, starting, reading and ending it. This package handles lines, not frames."""
