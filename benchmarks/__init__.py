"""What is measured, each against a peer or a floor measured in the same run. ``make bench`` prints the table."""
