"""How robust tuned encoders are: corrupted and mixed copies of rows, and what they score."""
