"""The `foryou` command. It reads arguments, makes calls, and prints; whatever it does, the API or the engine does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from foryou import bench, bulk, client, intake, keyring, lab, ladder, logs, processes, settings, targets, terminal
from foryou.api import calls, files, rehearsal, server
from foryou.api.door import Progress
from foryou.app import Engine
from foryou.core.clock import SystemClock
from foryou.core.errors import ForYouError
from foryou.datasets.kuairand import KuaiRand
from foryou.demo import start as world
from foryou.keeping import commands as keeping
from foryou.simulator.commands import simulate

app = typer.Typer(
    name="foryou",
    help="An open, complete, explainable For You engine for short video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models = typer.Typer(name="models", help="The versions of the model that are kept.", no_args_is_help=True)
EVENTS_EACH = 2
"""Every exposure of the log is at least an impression and a watch: fewer events, and the loading was cut off."""
DEMO_VIEWER = "kr-12971"
"""A viewer of the log with a long history."""

out = Console()
err = Console(stderr=True)

Config = Annotated[
    Path | None, typer.Option("--config", help="Settings file (TOML); default: ./foryou.toml if there is one.")
]
Data = Annotated[
    str | None, typer.Option("--data", help="Where everything is kept: a directory, or a URL as in data.url.")
]

Spoken = Annotated[str, typer.Option("--language", help="en, nb or nl.")]
Server = Annotated[str | None, typer.Option("--server", help="Ask this running server, such as http://127.0.0.1:8080.")]
Key = Annotated[
    str | None, typer.Option("--key", help="Key or token for that server; default: the setting client.key.")
]


def main() -> None:
    """Run the command line; errors that ForYou raises on purpose are one line, not a traceback."""
    try:
        app()
    except ForYouError as error:
        err.print(f"[red]foryou:[/] {escape(str(error))}", soft_wrap=True, emoji=False)
        sys.exit(2)


@app.command()
def serve(
    config: Config = None,
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that serve; above 1, one more has the log.")] = None,
    warm_start: Annotated[
        Path | None, typer.Option(help="File of a kept model (.npz) to start from, if nothing is known yet.")
    ] = None,
) -> None:
    """Serve the API and the page."""
    given = (("host", host), ("port", port), ("workers", workers))
    listen = {name: value for name, value in given if value is not None}
    learning = {"warm_start": str(warm_start.absolute())} if warm_start is not None else {}
    chosen = chosen_settings(config, data, {"server": listen, "learning": learning})
    if chosen.server.workers > 1:
        _tell(chosen)
        processes.serve(chosen)
        return

    def load(told: Progress) -> Engine:
        with terminal.replay(err) as shown:

            def both(done: int, end: int) -> None:
                shown(done, end)
                told(done, end)

            return Engine.open(chosen, progress=both)

    _serve(chosen, load)


@app.command()
def demo(
    config: Config = None,
    data: Data = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    viewers: Annotated[
        int, typer.Option(help="Simulated viewers who are there at any time; 0: nobody.")
    ] = world.VIEWERS,
    quiet: Annotated[bool, typer.Option("--quiet", help="Nothing happens by itself: as --viewers 0.")] = False,
    kuairand: Annotated[
        bool, typer.Option("--kuairand", help="Instead of the made-up world, the project's copy of KuaiRand-Pure.")
    ] = False,
) -> None:
    """Serve a small made-up world with clips that play, whose viewers go on watching; made at the first start."""
    listen = {"server": {"port": port}} if port is not None else None
    if kuairand:
        _demo_kuairand(config, data, listen)
        return
    chosen = world.settled_data(chosen_settings(config, data, listen))
    _compiled()  # before the demo shows how far it is itself
    with world.started(chosen, SystemClock(), 0 if quiet else viewers, err) as started:

        def load(told: Progress) -> Engine:
            engine = Engine.open(chosen, progress=told)
            started.announce(engine)
            return engine

        _serve(chosen, load)


def _demo_kuairand(config: Path | None, data: str | None, listen: Mapping[str, object] | None) -> None:
    """Load the project's copy of KuaiRand-Pure (the first time), learn from it, and serve the feed."""
    with opened(config, data, listen) as engine:
        log = KuaiRand(lab.DATA)
        held = engine.status()["events"]
        if isinstance(held, int) and held < EVENTS_EACH * log.size():
            err.print("Loading KuaiRand-Pure: what 27,000 people watched in four weeks. Once, then it is kept.")
            intake.kuairand(engine, log.ending(engine.clock()), err)
            engine.save()
        _serve(
            engine.settings,
            lambda told: engine,
            f"; with the eyes of a viewer of the log: [bold]{{url}}?viewer={DEMO_VIEWER}[/]",
        )


@app.command("import")
def import_(
    sources: Annotated[
        list[str], typer.Argument(help="Files of events (.parquet, .csv, .jsonl), or: kuairand DIRECTORY")
    ],
    config: Config = None,
    data: Data = None,
    learn: Annotated[
        float | None, typer.Option(help="Share of the past exposures that is learned from; default: all (slower).")
    ] = None,
) -> None:
    """Take in events from files, or a public log: `foryou import kuairand DIR`.

    Rows that are refused are listed, and written to FILE.refused.jsonl with what is wrong.
    """
    public = len(sources) == 2 and sources[0] == "kuairand"
    chunks = [] if public else [(Path(source), files.read(Path(source))) for source in sources]
    with opened(config, data, {"learning": {"imported": learn}} if learn is not None else None) as engine:
        if public:
            intake.kuairand(engine, KuaiRand(Path(sources[1])), err)
            return
        with bulk.learning(engine) as keep_up:
            done = [intake.file(engine, path, rows, keep_up, err) for path, rows in chunks]
        with err.status("Learning"):
            while engine.work():
                pass
    if not any(done):
        raise typer.Exit(1)


@app.command()
def explain(
    request: Annotated[str, typer.Argument(help="The `request` of a feed answer.")],
    video: Annotated[str, typer.Argument(help="A video of that answer.")],
    language: Spoken = "en",
    url: Server = None,
    key: Key = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Say why a video was in a feed."""
    spoken = calls.spoken(language)
    with asked(url, key, config, data) as engine:
        out.print(terminal.explanation(engine.explain(request, video, spoken)))


@app.command()
def reach(
    video: Annotated[str | None, typer.Argument(help="A video's id; without one, how new videos fare.")] = None,
    language: Spoken = "en",
    url: Server = None,
    key: Key = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Say how far a video has come, and why; or how many are in each stage, and what becomes of them."""
    spoken = calls.spoken(language)
    with asked(url, key, config, data) as engine:
        if video is None:
            out.print(ladder.stages(engine.stages(), spoken))
        else:
            out.print(ladder.journey(engine.reach(video, spoken), spoken))


@app.command()
def rebuild(config: Config = None, data: Data = None) -> None:
    """Forget the tables and make them again from the log."""
    with opened(config, data, begins=False) as engine:
        with terminal.replay(err) as progress:
            engine.rebuild(progress)
        events = engine.status()["events"]
    err.print(f"Rebuilt from {events:,} events")


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="A .jsonl or .parquet file; left out: JSON lines to standard output.")
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write all events, in the order of the log."""
    if file is not None:
        files.writable(file)
        targets.writable("file", file)
    with opened(config, data, begins=False) as engine:
        if file is None:
            written = files.write_lines(sys.stdout.buffer, engine.export())
        else:
            with err.status(f"Writing {file}"):
                written = files.write(file, engine.export())
    err.print(f"{written:,} events")


@models.command("list")
def list_models(config: Config = None, data: Data = None) -> None:
    """List the kept versions of the model with the measures of their time, oldest first."""
    with opened(config, data, begins=False) as engine:
        told = engine.models()
    out.print(terminal.models(told))


@models.command()
def rollback(
    version: Annotated[str, typer.Argument(help="A version of `foryou models list`.")],
    config: Config = None,
    data: Data = None,
) -> None:
    """Go back to a kept version of the model and learn on from there. The log notes it; what was learned since is lost.

    The server must be stopped: a data directory is open once.
    """
    with opened(config, data, begins=False) as engine:
        engine.go_back(version)
        now = engine.version.model.version
    err.print(f"Went back to {version}; it goes on as {now}")


def _serve(chosen: settings.Settings, load: Callable[[Progress], Engine], more: str = "") -> None:
    def warmed(told: Progress) -> Engine:
        _compiled()
        engine = load(told)
        engine.feeds.warm_up()
        return engine

    _tell(chosen, more)
    server.serve(chosen, warmed)


def _compiled() -> None:
    """What computes is compiled before anybody asks for it; the first start on a machine says how far that is."""
    with ExitStack() as showing:
        shown: list[Callable[[str, int, int], None]] = []

        def told(done: int, of: int) -> None:
            if not shown:
                shown.append(showing.enter_context(terminal.steps(err)))
            shown[0]("Compiling, once on this machine", done, of)

        rehearsal.once(told)


def _tell(chosen: settings.Settings, more: str = "") -> None:
    at = chosen.server
    url = f"http://{at.host}:{at.port}/"
    err.print(
        f"ForYou is at [bold]{url}[/]{more.format(url=url)} (the API's manual: {url}schema); Ctrl-C ends it",
        soft_wrap=True,
    )


@contextmanager
def opened(
    config: Path | None, data: str | None, changes: Mapping[str, object] | None = None, begins: bool = True
) -> Iterator[Engine]:
    """The engine under these settings, closed afterwards whatever happens. Unless it `begins` a log where none is:
    BackendError."""
    chosen = chosen_settings(config, data, changes)
    if not begins and chosen.data.directory is not None:
        logs.file_of(chosen.data.directory)
    with terminal.replay(err) as progress:
        engine = Engine.open(chosen, progress=progress)
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def asked(url: str | None, key: str | None, config: Path | None, data: str | None) -> Iterator[client.Client]:
    """Who answers: a running server, or an engine of this process, closed afterwards. BackendError where no log is:
    who only asks begins none."""
    if url is not None:
        yield client.connect(url, key=key or settings.load(config).client.key)
        return
    with opened(config, data, begins=False) as engine:
        yield client.in_process(engine)


def chosen_settings(
    config: Path | None, data: str | None, changes: Mapping[str, object] | None = None
) -> settings.Settings:
    """The settings of a file and the environment, with what the command line says."""
    where = {"data": {"url": data if ":" in data else f"file:{data}"}} if data else {}
    return settings.load(config, changes={**(changes or {}), **where})


for command in (keeping.backup, keeping.restore, keeping.verify, keeping.erase):
    app.command()(command)
app.command()(lab.replay)
app.add_typer(lab.evaluate)
app.add_typer(bench.bench)
app.add_typer(simulate)
app.add_typer(models)
app.add_typer(keyring.keys)
app.command()(keyring.audit)


if __name__ == "__main__":
    main()
