"""Amazon ECS: task definitions, services, auto scaling, and the capacity that tasks run on."""
