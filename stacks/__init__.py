"""The patterns, one module each: its settings, its stack."""
