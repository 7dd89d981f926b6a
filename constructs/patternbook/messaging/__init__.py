"""Events of S3, by way of SNS, to queues and their consumers."""
