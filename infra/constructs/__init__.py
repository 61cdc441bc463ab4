"""What every stack builds with: a bucket and a queue that are safe by default."""
