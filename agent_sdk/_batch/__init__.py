"""Many queries at once: a pool of workers, their progress, and a ledger of what they cost."""
