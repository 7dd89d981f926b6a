"""Data at rest: KMS keys, log groups, EFS file systems and SQS queues."""
