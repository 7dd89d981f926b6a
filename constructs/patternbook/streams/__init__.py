"""Firehose streams into a table of Parquet files in S3, and the questions that Athena answers about it."""
