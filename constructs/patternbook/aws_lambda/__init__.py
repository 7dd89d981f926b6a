"""AWS Lambda: functions, aliases and deployment packages."""
