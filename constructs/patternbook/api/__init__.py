"""HTTP APIs, and the sign-in of their users."""
