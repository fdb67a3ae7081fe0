"""Clips that really play, made from words: pictures, sound, subtitles and posters. Needs the extra `[media]`."""
