"""The benchmarks' tasks, a room for each kind."""
