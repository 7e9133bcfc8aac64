"""Which trials run, and what they say: studies, searchers, the journal, MLflow, the read-out."""
