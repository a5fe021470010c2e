"""The two-way protocol over a transport: frames sorted, questions answered, turns begun and ended."""
