"""A small world to try the engine in: people, clips and a past of several days, that goes on while one watches."""
