"""Data at rest: KMS keys, log groups, EFS file systems, SQS queues and databases."""
