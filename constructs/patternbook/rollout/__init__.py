"""What a rollout asks before it changes a stage: what a change set does, and which permissions templates need."""
