"""Graphs for people to look at: a picture, and a page that needs nothing but itself."""

from lineage.report.page import html_page
from lineage.report.picture import svg

__all__ = ["html_page", "svg"]
