"""A web page that says which task answers."""

from patternbook.ecs.demonstration import Demonstration, web_page

PAGE_TEXT = "It runs on an instance that ECS chose by its attributes, started, and patches."


def web_server(port: int) -> Demonstration:
    return web_page(port=port, title="ECS Managed Instances", text=PAGE_TEXT)
