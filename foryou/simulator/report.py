"""The page."""


def page(told):
    return ""
