"""Benchmarks, run by hand from the checkout's root; no test asserts a time.

What compares runs both of its sides in one go and prints their ratio beside the figure that it is
held to:

    python -m tests.bench.platform_cost     Ray, Tune, journal and MLflow against bare processes
    python -m tests.bench.against_recipe    against the recipe of the libraries' documentation
    python -m tests.bench.tokens            the train loop against transformers' Trainer
    python -m tests.bench.warm              a second start on one storage, and its read-out
    python -m tests.bench.thousand_trials   the last of a thousand trials against the hundredth

What measures the lab prints tables:

    python -m tests.bench.generation        the whole lab made, from a cold start: seconds, memory
    python -m tests.bench.lab_table         each intermediate task's effect on each target
    python -m tests.bench.lab_sweep         some 500 trials on a grid, recorded as a Parquet file
    python -m tests.bench.searchers         samplers compared on that record, without a trial
    python -m tests.bench.lab_curve         what more languages bring, examples fixed
    python -m tests.bench.lab_ladder        controls and gains by size, and how rates were chosen
    python -m tests.bench.lab_and_hub       intermediate tasks ordered by the lab and by real data
    python -m tests.bench.lab_checks        what readers without an encoder score, beside chance

What looks at real data, in a mirror:

    python -m tests.bench.catalogue         every task of a benchmark trained or scored end to end
    python -m tests.bench.preparing         all of it read, checked, encoded, and once more
    python -m tests.bench.broken_data       files broken in many ways, and what `check` says of each
    python -m tests.bench.cluster_dry_runs  studies for clusters, cut down and run in part

What needs no data but its own:

    python -m tests.bench.worker_memory     a worker's peak memory at once and twenty times the rows

What holds an estimator against known truths:

    python -m tests.bench.calibration       how often a point of diminishing returns is right
    python -m tests.bench.placing           placed trials against a uniform grid, to a verdict
    python -m tests.bench.language_laws     slopes over sizes, effects of distance and of coverage

They need the extra `bench` (`pip install '.[bench]'`) and a machine with nothing else to do:
each prints the load it found. `--help` says what may be varied.
"""
