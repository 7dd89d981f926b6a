"""AWS Lambda: functions, their aliases with concurrency and deployments, and deployment packages."""
