"""CloudWatch alarms and dashboards, and the SNS topic that they notify."""
