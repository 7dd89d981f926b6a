"""Amazon ECS: tasks, services, service auto scaling, and what they run on."""
