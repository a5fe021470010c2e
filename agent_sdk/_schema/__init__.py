"""JSON Schema from Python types: build it, validate against it, convert values both ways."""
