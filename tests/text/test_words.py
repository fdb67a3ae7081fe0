"""What a text is compared by."""

from __future__ import annotations

from foryou.text.words import pieces, words


def test_words_are_in_lower_case_without_those_that_say_nothing() -> None:
    assert words("How I bake the BREAD for my dog") == ["bake", "bread", "dog"]
    assert words("Het brood van de bakker") == ["brood", "bakker"]
    assert words("Jeg elsker brød og kaffe") == ["elsker", "brød", "kaffe"]


def test_hashtags_and_underscores_part_words_and_signs_are_none() -> None:
    assert words("#sourdough_bread, 🔥!! #oven") == ["sourdough", "bread", "oven"]


def test_letters_that_are_written_in_two_ways_are_one() -> None:
    assert words("bla\u030aba\u0308r") == words("blåbär") == ["blåbär"]


def test_pieces_know_the_ends_of_a_word() -> None:
    assert set(pieces("kat")) == {"<ka", "kat", "at>", "<kat", "kat>", "<kat>"}
