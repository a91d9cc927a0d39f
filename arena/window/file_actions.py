"""What the commands about files do: open, choose, save, paste, copy.

Files of more than some kilobytes are read in a thread, which says how far it is and can be stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pygame

from arena.session import files
from arena.session.background import Background
from arena.session.opening import Listed, Opened, list_games, read_opened
from arena.session.texts import say
from arena.window import dialogs, file_dialogs
from engine.diagram import diagram
from engine.errors import MiaiError
from engine.files import read_file, write_atomic

if TYPE_CHECKING:
    from arena.window.app import App

_AT_ONCE: Final = 1 << 15
"""Bytes of a file that is opened at once rather than in a thread: some milliseconds."""
_POSITIONS_AT_ONCE: Final = 1000
"""Positions of a game that is written at once."""


class StoppedError(MiaiError):
    """A person does not want to wait for a file."""


@dataclass
class Reading:
    """A file that is being read, as the window and the thread know it."""

    name: str
    stopped: bool = False
    listing: bool = False
    """Whether the first game is read and the others are looked through."""
    share: float = 0.0
    shown: str = ""
    """What the window has said of it."""

    def progress(self, share: float) -> None:
        """Note how much is done; raise what ends the reading if it is to stop."""
        if self.stopped:
            raise StoppedError(say("stopped"))
        self.share = share

    @property
    def words(self) -> str:
        """What the window says of it now."""
        percent = int(100 * self.share)
        if self.listing:
            return say(
                "Looking through the games of {name}: {percent} %, Esc stops",
                name=self.name,
                percent=percent,
            )
        return say("Opening {name}: {percent} %, Esc stops", name=self.name, percent=percent)


@dataclass(frozen=True)
class Collection:
    """A file of several games, of which one is on the board."""

    data: bytes
    name: str
    games: list[Listed]


class FileActions:
    """The commands of files, by name."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.background = Background("files")
        self.collection: Collection | None = None
        self._reading: Reading | None = None
        self._number = 1
        self._path: Path | None = None
        """The file of the game that was opened or saved last."""
        self._record: object = None
        """What was read from that file, while it is on the board."""
        self.by_name: dict[str, Callable[[], object]] = {
            "open": self._ask_file,
            "choose": self._choose,
            "save": partial(self.save, None),
            "save_as": self._ask_name,
            "paste": self._paste,
            "copy": self._copy,
            "copy_diagram": self._copy_diagram,
            "picture": self._picture,
        }

    def update(self) -> bool:
        """Take what the thread has done; return whether the picture changes."""
        changed = self.background.update()
        reading = self._reading
        if reading is not None and reading.shown != (words := reading.words):
            reading.shown = self._app.session.message = words
            return True
        return changed

    def finish(self) -> None:
        """Wait for files that are being written, and stop reading."""
        self.stop()
        self.background.finish()

    def stop(self) -> bool:
        """Stop reading a file; return whether one was being read."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.stopped = True
        return reading is not None

    # Opening.

    def _ask_file(self) -> None:
        self._app.show(file_dialogs.OpenFile(Path.cwd(), self.open_path))

    def open_path(self, path: Path) -> None:
        """Show a game, or play against a network, whichever the file is."""
        control = self._app.control
        if path.suffix.lower() == ".safetensors" or path.is_dir():
            from agents.find_network import network_path

            try:
                network_path(str(path), control.game.spec)
            except MiaiError as error:
                control.session.message = str(error)
                return
            control.use_network(str(path))
            return
        try:
            size = path.stat().st_size
        except OSError as error:
            control.session.message = files.not_opened(path.name, error)
            return
        self._read(lambda: read_file(path, files.LARGEST_FILE), path.name, size, path)

    def open_data(self, data: bytes, name: str, number: int | None = None) -> None:
        """Show a game of some text: the first that can be read, or the one of a number."""
        self._read(lambda: data, name, len(data), None, number)

    def _read(
        self,
        read: Callable[[], bytes],
        name: str,
        size: int,
        path: Path | None,
        number: int | None = None,
    ) -> None:
        self.stop()
        reading = Reading(name)

        def work() -> tuple[Opened, bytes, list[Listed]]:
            data = read()
            opened = read_opened(data, name, number, reading.progress)
            games: list[Listed] = []
            if number is None and opened.count > 1:
                reading.listing = True
                games = list_games(data, name, opened.count, reading.progress)
            return opened, data, games

        def take(result: Any) -> None:
            if self._reading is reading:
                self._reading = None
            elif self._reading is not None:
                return  # the next file is on its way
            elif reading.stopped and not isinstance(result, Exception):
                result = StoppedError(say("stopped"))  # it was done when the person stopped it
            self._take(name, path, result)

        if size <= _AT_ONCE:
            try:
                result: Any = work()
            except (OSError, MiaiError) as error:
                result = error
            take(result)
            return
        self._show(reading)
        self.background.run(work, take)

    def _show(self, reading: Reading) -> None:
        """Let the window say how far a file is read."""
        self._reading = reading
        reading.shown = self._app.session.message = reading.words

    def _take(self, name: str, path: Path | None, result: Any) -> None:
        session = self._app.session
        if isinstance(result, (OSError, MiaiError)):
            session.message = files.not_opened(name, result)
            return
        if isinstance(result, Exception):
            raise result
        opened, data, games = result
        files.show_opened(session, opened)
        self._app.control.prepare()
        self._number, self._record = opened.number, opened.record
        if games or path is not None:
            self._path = path
        if games:
            self.collection = Collection(data, name, games)
            self._choose()
        elif opened.count == 1:
            self.collection = None

    def know(self, path: Path) -> None:
        """Offer the other games of the file whose first game is on the board already."""
        self._path, self._record = path, self._app.game.record_of
        session, reading = self._app.session, Reading(path.name, listing=True)
        before = session.message

        def work() -> tuple[bytes, list[Listed]]:
            data = read_file(path, files.LARGEST_FILE)
            return data, list_games(data, path.name, progress=reading.progress)

        def take(result: Any) -> None:
            if self._reading is reading:
                self._reading = None
            if session.message == reading.shown:
                session.message = before
            if isinstance(result, tuple) and len(result[1]) > 1:
                self.collection = Collection(result[0], path.name, result[1])
                self._choose()

        self._show(reading)
        self.background.run(work, take)

    def _choose(self) -> None:
        """Let a person choose among the games of the file that was opened."""
        known = self.collection
        if known is None:
            self._app.session.message = say("The file on the board has no other games")
            return

        def take(number: int) -> None:
            self.open_data(known.data, known.name, number)

        self._app.show(file_dialogs.ChooseGame(known.name, known.games, self._number, take))

    def _paste(self) -> None:
        try:
            text = str(pygame.scrap.get_text())
        except (pygame.error, UnicodeError):
            text = ""
        self.open_data(text.encode(), say("pasted game"))

    # Saving.

    def save(self, path: Path | None) -> None:
        """Write the game as SGF; the message says where, or why not."""
        session = self._app.session
        game = session.game
        if game.node.root.shape.positions <= _POSITIONS_AT_ONCE:
            self._path = files.save(session, path) or self._path
            return
        place = path or Path.cwd() / f"miai-{datetime.now():%Y%m%d-%H%M%S}.sgf"
        session.message = say("Saving {path} ...", path=place)

        def take(result: Any) -> None:
            if isinstance(result, OSError):
                reason = result.strerror
                words = say("Could not save {path}: {reason}", path=place, reason=reason)
            elif isinstance(result, Exception):
                raise result
            else:
                words = say("Saved {path}", path=place)
                self._path = place
            session.message = words

        self.background.run(lambda: write_atomic(place, files.as_sgf(game)), take)

    def _ask_name(self) -> None:
        """Ask for a path; what is there is replaced only after a question."""
        words = say("Save as: a path of an SGF file")
        note = say("Enter saves; a file that is there is replaced only after a question")
        self._app.show(dialogs.Entry(words, str(self._usual_path()), self._save_as, note))

    def _usual_path(self) -> Path:
        """The file of the game on the board; beside it for one game of several."""
        game = self._app.game
        path = self._path
        if path is None or (self._record is not None and game.record_of is not self._record):
            return Path.cwd() / f"{game.spec.name}-{datetime.now():%Y%m%d}.sgf"
        if self.collection is not None:
            return path.with_name(f"{path.stem}-{self._number}.sgf")
        return path.with_suffix(".sgf")

    def _save_as(self, text: str) -> None:
        if not text.strip():
            return
        path = Path(text.strip()).expanduser()
        if path.is_dir():
            path /= self._usual_path().name
        elif not path.suffix:
            path = path.with_suffix(".sgf")
        path = Path.cwd() / path
        if path.exists():
            words = say("Replace {name}?", name=path.name)
            self._app.show(dialogs.Question(words, say("Replace"), partial(self.save, path)))
        else:
            self.save(path)

    # The clipboard and pictures.

    def _copy(self) -> None:
        game = self._app.control.game
        if game.node.root.shape.positions <= _POSITIONS_AT_ONCE:
            self._put_on_clipboard(files.as_sgf(game).decode())
            return

        def take(result: Any) -> None:
            if isinstance(result, Exception):
                raise result
            self._put_on_clipboard(result.decode())

        self.background.run(lambda: files.as_sgf(game), take)

    def _copy_diagram(self) -> None:
        game = self._app.game
        self._put_on_clipboard(diagram(game.spec, game.position))

    def _put_on_clipboard(self, text: str) -> None:
        try:
            pygame.scrap.put_text(text)
            words = say("Copied")
        except pygame.error as error:
            words = say("Could not copy: {reason}", reason=error)
        self._app.control.session.message = words

    def _picture(self) -> None:
        session = self._app.control.session
        path = Path.cwd() / f"miai-{datetime.now():%Y%m%d-%H%M%S}.png"
        try:
            pygame.image.save(self._app.board_picture(), str(path))
            session.message = say("Saved {path}", path=path)
        except (pygame.error, OSError) as error:
            session.message = say("Could not save {path}: {reason}", path=path, reason=error)
