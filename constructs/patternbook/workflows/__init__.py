"""Step Functions workflows, the tasks that they run, and the people that they wait for."""
