"""How one trial runs: data, encoders, phases, metrics, and the store of what was done."""
