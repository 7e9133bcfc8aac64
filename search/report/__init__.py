"""The report: one HTML page of a search, viewable without a network."""
