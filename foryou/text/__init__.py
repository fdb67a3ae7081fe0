"""Text as vectors: what is said about a video (later: what is searched for), so that likeness is an inner product."""
