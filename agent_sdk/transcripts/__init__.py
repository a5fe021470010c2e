"""Sessions as files on disk. Needs no CLI process."""
