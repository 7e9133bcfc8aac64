"""Benchmarks, run by hand from the checkout's root; no test asserts a time.

Each runs both of its sides in one go and prints their ratio beside the figure it is held to:

    python -m tests.bench.platform_cost     Ray, Tune, journal and MLflow against bare processes
    python -m tests.bench.against_recipe    against the recipe of the libraries' documentation
    python -m tests.bench.tokens            the train loop against transformers' Trainer
    python -m tests.bench.warm              a second start on one storage, and its read-out
    python -m tests.bench.generation        the whole lab made, from a cold start

They need the extra `bench` (`pip install '.[bench]'`) and a machine with nothing else to do:
each prints the load it found. `--help` says what may be varied.
"""
