"""Settings of patterns: typed models, loading from the CDK context, and descriptions for users."""
