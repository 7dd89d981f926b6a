"""A web page that says which task answers."""

from patternbook.ecs.demonstration import Demonstration, web_page

PAGE_TEXT = "It runs on Fargate, behind a load balancer that ECS made."


def web_server(port: int) -> Demonstration:
    return web_page(port=port, title="ECS Express Mode", text=PAGE_TEXT)
