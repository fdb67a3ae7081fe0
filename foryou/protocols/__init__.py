"""Protocols: what is learned, what is asked, and how the answers are measured, on public logs."""
