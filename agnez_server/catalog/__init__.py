"""What the documents mean: runs, their channels and charts, and how a batch changes them."""
