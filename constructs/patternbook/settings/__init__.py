"""Settings of a pattern: typed models, how they are loaded from the CDK context, and how they are described."""
