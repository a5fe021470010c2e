"""The bidirectional protocol over a transport: dispatching frames, serving control requests, running turns."""
