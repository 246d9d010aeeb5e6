"""From files and hub datasets to batches: every example once, exactly resumed."""
