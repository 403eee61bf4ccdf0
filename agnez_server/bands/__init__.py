"""Many ranks that send to one channel, drawn as one: mean, extremes, and who is behind."""
