"""A made-up world of viewers, creators and videos in which feeds are compared: what is found is true of that world."""
