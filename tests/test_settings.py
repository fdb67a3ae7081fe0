"""Settings come from one file and the environment, and what cannot be used is refused by name."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foryou.core.errors import SettingsError
from foryou.settings import Settings, build, changed, describe, load


def written(directory: Path, text: str) -> Path:
    path = directory / "some.toml"
    path.write_text(text, "utf-8")
    return path


def test_everything_has_a_default() -> None:
    assert load(environment={}) == Settings()


def test_a_file_sets_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "demographics = false\n[server]\nport = 9000\n"), environment={})
    assert (settings.server.port, settings.server.host, settings.demographics) == (9000, "127.0.0.1", False)


def test_the_environment_goes_before_the_file_and_the_command_line_before_both(tmp_path: Path) -> None:
    path = written(tmp_path, '[server]\nport = 9000\nhost = "0.0.0.0"\n')
    environment = {"FORYOU_SERVER_PORT": "9001", "FORYOU_DEMOGRAPHICS": "false", "HOME": "/"}
    settings = load(path, environment)
    assert (settings.server.port, settings.server.host, settings.demographics) == (9001, "0.0.0.0", False)
    assert load(path, environment, {"server": {"port": 9002}}).server.port == 9002


def test_what_is_not_as_usual_is_told_by_key(tmp_path: Path) -> None:
    chosen = load(written(tmp_path, "[reach]\nhours = 24\n[feed]\nfreshness = 0.05\n"), environment={})
    assert changed(chosen) == {"reach.hours": 24.0}, "the other is as it is by default"


def test_a_number_in_the_environment_may_be_a_text_of_its_own() -> None:
    assert load(environment={"FORYOU_DATA_URL": "123"}).data.url == "123"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1", "there is no setting prot; there are data, server"),
        ("[server]\nprot = 1", "there is no setting server.prot; there are server.host, server.port"),
        ("[server]\nport = 'x'", "server.port is 'x'; expected int"),
        ("[server]\nport = true", "server.port is True; expected int"),
        ("[server]\nport = 70000", "server.port is 70000; expected 1 to 65535"),
        ("server = 3", r"server is 3; expected a section \[server\]"),
        ("demographics = 1", "demographics is 1; expected bool"),
        ("= 3", "is no TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_key_and_what_would_be_right(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(written(tmp_path, text), environment={})


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"FORYOU_SERVER_PROT": "1"}, "there is no setting FORYOU_SERVER_PROT; there are .*FORYOU_SERVER_PORT"),
        ({"FORYOU_SERVER_PORT": "many"}, "server.port is 'many'; expected int"),
        ({"FORYOU_REACH_AUDIENCES": "5,12,30,150"}, r"expected a list of 4 whole numbers, such as \[1, 2, 3, 4\]"),
        ({"FORYOU_REACH_AUDIENCES": "[5, 5, 5, 5]"}, "expected four whole numbers that grow"),
        ({"FORYOU_REACH_AUTHOR_VIEWS": "-1"}, "reach.author_views is -1.0; expected 0 or more"),
        ({"FORYOU_DEMOGRAPHICS": "perhaps"}, "demographics is 'perhaps'; expected bool"),
    ],
)
def test_a_wrong_variable_is_refused_by_name(environment: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(environment=environment)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the settings file .*nowhere.toml"):
        load(tmp_path / "nowhere.toml", environment={})


def test_every_setting_has_a_help_a_default_and_a_variable_of_its_own() -> None:
    settings = list(describe())
    assert all(setting.help for setting in settings)
    assert len({setting.variable for setting in settings}) == len(settings)
    assert "server.port" in {setting.key for setting in settings}


@dataclass(frozen=True)
class Kitchen:
    """Any dataclass can be assembled."""

    ovens: tuple[int, ...] = field(default=(1, 2), metadata={"help": "temperatures"})
    share: float = 0.5

    def __post_init__(self) -> None:
        if self.share > 1:
            raise ValueError("share is above 1")


def test_sections_are_any_dataclass_and_say_what_they_cannot_use() -> None:
    assert build(Kitchen, {"ovens": [200], "share": 1}) == Kitchen((200,), 1.0)
    with pytest.raises(SettingsError, match="share is above 1"):
        build(Kitchen, {"share": 2}, "kitchen.")
    with pytest.raises(SettingsError, match=r"kitchen\.ovens is 'hot'; expected"):
        build(Kitchen, {"ovens": "hot"}, "kitchen.")


_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.lists(st.integers())
_KEYS = st.sampled_from([setting.key for setting in describe()])


@given(st.lists(st.tuples(_KEYS, _VALUES), max_size=3))
def test_any_value_is_taken_or_refused_with_its_key(chosen: list[tuple[str, object]]) -> None:
    for key, value in chosen:
        tree: object = value
        for part in reversed(key.split(".")):
            tree = {part: tree}
        assert isinstance(tree, dict)
        try:
            load(environment={}, changes=tree)
        except SettingsError as refused:
            assert key.split(".")[-1] in str(refused)


@given(_KEYS, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
def test_any_text_in_the_environment_is_taken_or_refused_with_its_key(key: str, text: str) -> None:
    try:
        load(environment={"FORYOU_" + key.replace(".", "_").upper(): text})
    except SettingsError as refused:
        assert key.rsplit(".", maxsplit=1)[-1] in str(refused)


@given(st.binary(max_size=60) | st.text("[]=.\"'\n #1eEtrusfeedlang{},_-", max_size=60).map(str.encode))
def test_any_file_is_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "foryou.toml"
        path.write_bytes(content)
        with suppress(SettingsError):
            load(path, environment={})


@pytest.mark.parametrize("value", ["[" * 20_000, "9" * 5_000, "{b=" * 5_000])
def test_what_python_cannot_hold_is_refused_too(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingsError, match="is no TOML"):
        load(written(tmp_path, f"a={value}"), environment={})
    for text in (value, "\udcff"):
        with pytest.raises(SettingsError, match=r"feed\.seed"):
            load(environment={"FORYOU_FEED_SEED": text})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feeds", 0), ("writes", 0), ("write_wait_ms", 0), ("bodies_mb", 0), ("connections", 0), ("header_s", 0.0),
        ("body_s", -1.0), ("answer_s", float("inf")), ("idle_s", float("nan")), ("drain_s", -1.0), ("drain_s", 601.0),
        ("memory_share", 0.0), ("memory_share", 1.1),
    ],
)  # fmt: skip
def test_a_limit_out_of_range_is_refused_by_its_name(name: str, value: float) -> None:
    with pytest.raises(SettingsError, match=f"limits.{name} is {value}; expected"):
        load(environment={}, changes={"limits": {name: value}})


def test_a_deadline_may_be_none_but_not_before_the_request() -> None:
    assert load(environment={"FORYOU_SERVER_DEADLINE_MS": "0"}).server.deadline_ms == 0
    with pytest.raises(SettingsError, match=r"server\.deadline_ms is -1"):
        load(environment={"FORYOU_SERVER_DEADLINE_MS": "-1"})
