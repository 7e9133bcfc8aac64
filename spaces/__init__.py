"""What may be tried: languages, tasks, mixtures, models, and one trial's configuration.

Pure values and catalogues; nothing here imports ray, torch or mlflow.
"""
