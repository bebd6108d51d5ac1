"""Pictures of the pathway within a page."""

from markupsafe import Markup

from app.exports.picture import draw
from app.graph import Graph


def picture(graph: Graph) -> Markup:
    """The picture as part of a page: its links are for the pointer, the page has them all in words too."""
    return Markup(draw(graph).replace("<a xlink:href=", '<a tabindex="-1" xlink:href='))
