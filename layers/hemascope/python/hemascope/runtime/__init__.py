"""What every Lambda function does around its use case."""
