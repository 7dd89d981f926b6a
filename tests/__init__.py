"""A package, so that its modules cannot be mistaken for others of the same name."""
