"""Events that people must hear of, and events of normal operation. They name no alarm and import no stack."""
