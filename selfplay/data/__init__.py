"""Training rows: in files, in the replay window, in batches."""
