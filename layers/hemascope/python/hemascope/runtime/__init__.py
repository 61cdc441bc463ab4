"""What every Lambda function does around its use case: batches of messages, metrics, logs."""
