"""Pictures of reports, as PNG or SVG by the name of the file."""
