"""What operators do with a deployment."""
