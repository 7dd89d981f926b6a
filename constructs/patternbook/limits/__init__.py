"""Numbers and names that AWS documents, each with its source. Nothing here imports aws_cdk: rules use them, too."""
