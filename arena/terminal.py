"""The game of the window in a terminal: where there is no display, or by choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents.protocol import Agent, Decision, Thinks, Turn
from arena.console import PlainConsole
from arena.session import files, games
from arena.session.insight import rows, why
from arena.session.opponents import Opponent, allow_program, describe, level_number
from arena.session.review import SWEEP_SIMULATIONS, mistakes, unjudged
from arena.session.session import Session
from arena.session.texts import say
from arena.session.thinker import Loader, Place, dead_stones
from arena.session.tree import Node
from arena.session.wording import count_words
from engine.diagram import diagram
from engine.errors import MiaiError, NotationError
from engine.games.spec import BLACK
from engine.notation import move_name, text_to_action
from engine.search import SearchResult

HELP: Final = """\
D4            play there; in Connect Four a column's number, such as 4
pass          pass, where the game has passes; in Hex: swap
undo, redo    take back your move and the answer, play it again
hint          what the AI would play in your place
analyse [N]   what it thinks, live, with N simulations; Ctrl-C ends it
why D4        the numbers behind one move, after analyse
review        go through the whole game and list the costly moves
back, forth   look at earlier and later positions (back 10); also start and end
up, down      other variations; 'go' lets the AI move there
level 1..10   how strong the AI is; also: simulations N, seconds S, program COMMAND
swap          change sides with the AI; 'people' and 'ais' say who plays
dead D4       mark a chain as dead after the end, or alive again; 'count' counts
agree         accept the count, which ends a game of Go
resign        give up
save FILE     write the game as SGF, with its variations; open FILE reads one
new           start over; restore brings the game before back
quit          leave"""
_ANALYSIS: Final = 2000
_HINT: Final = 200
_LOSSES: Final = ((0.005, "bold blue"), (0.02, "green"), (0.05, "yellow"), (0.1, "dark_orange"))


class Terminal:
    """Reads commands, prints boards. Ends with ``quit`` or the end of the input."""

    def __init__(
        self,
        session: Session,
        load: Loader,
        input_: TextIO,
        out: TextIO,
        network: str = "shipped",
    ) -> None:
        """Agents are made by ``load`` when they are first asked; ``network`` is who analyses."""
        self._session = session
        self._load = load
        self._network = network
        self._agents: dict[Place, Agent] = {}
        self._judged: set[Node] = set()
        """Ends of games whose dead stones were judged."""
        self._in = input_
        self._console = PlainConsole(file=out, highlight=False, soft_wrap=True)
        self._commands: dict[str, Callable[[str], object]] = {
            "pass": lambda _: session.pass_turn(),
            "swap": lambda _: self._swap(),
            "back": lambda rest: session.step(-_count(rest)),
            "forth": lambda rest: session.step(_count(rest)),
            "start": lambda _: session.step(-session.game.node.ply),
            "end": lambda _: session.step(session.game.spec.max_plies),
            "up": lambda _: session.turn_to_sibling(-1),
            "down": lambda _: session.turn_to_sibling(1),
            "go": lambda _: session.go_on(),
            "undo": lambda _: session.undo(),
            "redo": lambda _: session.redo(),
            "hint": self._hint,
            "analyse": self._analyse,
            "analyze": self._analyse,
            "why": self._why,
            "review": self._review,
            "level": lambda rest: self._oppose(
                Opponent("level", level=level_number(_count(rest, None)))
            ),
            "simulations": lambda rest: self._oppose(
                Opponent("simulations", simulations=_count(rest, None))
            ),
            "seconds": lambda rest: self._oppose(Opponent("seconds", seconds=_count(rest, None))),
            "program": self._oppose_program,
            "people": lambda _: session.set_people((1, 2)),
            "ais": lambda _: session.set_people(()),
            "count": self._count,
            "dead": self._dead,
            "resign": lambda _: session.resign(),
            "save": lambda rest: files.save(session, Path(rest) if rest else None),
            "open": lambda rest: files.open_file(session, Path(rest)),
            "agree": lambda _: session.agree(),
            "new": lambda _: games.new_game(session, session.game.settings),
            "restore": lambda _: games.restore(session),
            "help": lambda _: self._print(HELP),
        }

    def run(self) -> None:
        """Play until the person leaves."""
        session = self._session
        people = session.game.settings.people
        who = " and ".join(session.game.look.player(colour) for colour in people) or "watching"
        self._print(f"You are {who}; 'help' lists the commands.")
        self._show()
        while True:
            self._let_ai_move()
            if session.game.to_agree:
                self._settle()
            elif session.game.over:
                self._print(f"{session.game.status}.  (new, undo, save FILE or quit)")
            self._console.print("> ", end="")
            line = self._in.readline()
            if not line:
                self._print("")
                break
            word, _, rest = line.strip().partition(" ")
            if word.lower() in ("quit", "exit", "q"):
                break
            if word:
                self._obey(word, rest.strip())
        for agent in self._agents.values():
            agent.close()

    def _obey(self, word: str, rest: str) -> None:
        session = self._session
        before = session.ticket
        session.message = ""
        command = self._commands.get(word.lower())
        try:
            if command is not None:
                command(rest)
            else:
                game = session.game
                session.play(text_to_action(game.spec, word, game.position))
        except NotationError as error:
            session.message = f"{error}; 'help' lists the commands"
        except MiaiError as error:
            session.message = str(error)
        if session.message:
            self._print(session.message)
        if session.ticket != before and not session.game.ai_to_move:
            self._show()

    # The AIs.

    def _agent(self, opponent: Opponent) -> Agent:
        place = (opponent.key, self._session.game.spec)
        if place not in self._agents:
            agent, note = self._load(opponent, self._session.game.spec)
            self._agents[place] = agent
            if note:
                self._print(note)
        return self._agents[place]

    def _think(
        self,
        opponent: Opponent,
        turn: Turn,
        news: Callable[[SearchResult], bool] = lambda _: True,
    ) -> Decision:
        agent = self._agent(opponent)
        if isinstance(agent, Thinks):
            return agent.think(turn, opponent.limit, news)
        return agent.choose([turn])[0]

    def _analyst(self, simulations: int) -> Opponent:
        return Opponent("simulations", self._network, simulations=simulations)

    def _let_ai_move(self) -> None:
        session = self._session
        game = session.game
        while game.ai_to_move:
            name, before = game.name_of(game.to_move), len(game.actions)
            try:
                decision = self._think(game.mover, session.turn())
            except MiaiError as error:
                session.fail(str(error))
            else:
                session.ai_decides(session.ticket, decision)
            if game.trouble:
                self._print(f"{game.trouble}  ('go' tries again, 'level 5' takes another)")
                return
            if len(game.actions) > before and game.resigned is None:
                played = move_name(game.spec, game.actions[before])
                self._print(f"{name} plays {played}{self._judgement()}")
            self._show()
            if session.message:
                self._print(session.message)

    def _judgement(self) -> str:
        rate = self._session.game.win_rate
        if rate is None:
            return ""
        mine = rate if self._session.game.to_move != BLACK else 1.0 - rate
        return f" and gives itself {mine:.0%} to win"

    def _oppose_program(self, command: str) -> None:
        allow_program(command)
        self._oppose(Opponent("program", command))

    def _oppose(self, opponent: Opponent) -> None:
        session = self._session
        game = session.game
        game.settings = replace(game.settings, opponent=opponent, second=None)
        session.renew()
        session.message = f"The AI: {describe(opponent, game.spec)}"

    def _swap(self) -> None:
        if self._session.game.spec.pass_name == "swap" and self._session.game.legal[-1]:
            self._session.pass_turn()
        else:
            self._session.swap_sides()

    # What it thinks.

    def _hint(self, _: str) -> None:
        session = self._session
        game = session.game
        if game.over or game.ai_to_move:
            session.message = say("There is nothing to decide")
            return
        decision = self._think(self._analyst(_HINT), session.turn())
        chance = "" if decision.thought is None else f" ({decision.thought.win_rate:.0%} to win)"
        self._print(
            f"{self._session.game.name_of(0)} would play "
            f"{move_name(game.spec, decision.action)}{chance}"
        )

    def _analyse(self, rest: str) -> None:
        session = self._session
        if session.game.over:
            session.message = say("The game is over")
            return
        with Live(Text(""), console=self._console, refresh_per_second=8, transient=True) as live:

            def news(thought: SearchResult) -> bool:
                session.game.node.look(thought)
                live.update(self._table(thought))
                return True

            try:
                opponent = self._analyst(_count(rest, _ANALYSIS))
                decision = self._think(opponent, session.turn_at(session.game.node), news)
            except KeyboardInterrupt:
                decision = Decision(-1, thought=session.game.node.thought)
        if decision.thought is not None:
            session.game.node.look(decision.thought)
            self._console.print(self._table(decision.thought))

    def _table(self, thought: SearchResult) -> Table:
        """Candidates in the colours of what they give away."""
        spec = self._session.game.spec
        table = Table(title=f"{thought.simulations} simulations", box=None, title_justify="left")
        for head in ("move", "to win", "points", "visits", "policy", "line"):
            table.add_column(head, justify="left" if head in ("move", "line") else "right")
        lines = {line[0]: line for line in thought.variations if line}
        for row in rows(thought)[:12]:
            style = next((name for bound, name in _LOSSES if row.loss <= bound), "red")
            follow = " ".join(move_name(spec, a) for a in lines.get(row.action, ())[:8])
            points = "" if row.score is None or not spec.has_points else f"{row.score:+.1f}"
            chance = {1: "proven win", -1: "proven loss", 2: "proven draw"}.get(row.proof)
            table.add_row(
                Text(move_name(spec, row.action), style=style),
                Text(chance or f"{row.win_rate:.1%}", style=style),
                points,
                f"{row.visits}",
                f"{row.prior:.0%}",
                follow,
            )
        return table

    def _why(self, rest: str) -> None:
        session = self._session
        game = session.game
        if game.thought is None:
            session.message = "This position has not been analysed yet: try 'analyse'"
            return
        action = text_to_action(game.spec, rest, game.position) if rest else game.thought.action
        for sentence in why(game, action):
            self._print(sentence)

    def _review(self, _: str) -> None:
        session = self._session
        while (node := unjudged(session.game)) is not None:
            decision = self._think(self._analyst(SWEEP_SIMULATIONS), session.turn_at(node))
            if decision.thought is None:
                break
            node.look(decision.thought)
        found = mistakes(session.game)
        for move in found[:15]:
            assert move.node.action is not None
            name = move_name(session.game.spec, move.node.action)
            self._print(f"{move.node.ply:>4}. {name:<5} -{move.loss:.0%}")
        if not found:
            self._print(say("No costly move found so far"))

    # Counting.

    def _count(self, _: str) -> None:
        session = self._session
        game = session.game
        if game.count is None:
            session.message = say("There is nothing to count in this game")
            return
        if not game.node.dead:
            self._judge()
        self._print_count()

    def _settle(self) -> None:
        """Count a game that has ended, once, and say how to agree."""
        node = self._session.game.node
        if node not in self._judged:
            self._judge()
            self._print_count()
        self._print("('agree' ends the game, 'dead POINT' corrects, 'undo' plays on)")

    def _judge(self) -> None:
        session = self._session
        node = session.game.node
        self._judged.add(node)
        agent = self._agent(self._analyst(_HINT))
        node.dead = dead_stones(agent, session.turn_at(node))

    def _print_count(self) -> None:
        game = self._session.game
        points = " ".join(move_name(game.spec, point) for point in sorted(game.node.dead))
        self._print(f"dead: {points or 'none'}")
        for line in count_words(game):
            self._print(line)
        self._print(f"Black is ahead by {game.score:+g}")

    def _dead(self, rest: str) -> None:
        session = self._session
        game = session.game
        point = text_to_action(game.spec, rest, game.position)
        if point == game.spec.pass_action or not session.toggle_dead(point):
            session.message = f"expected a point with a stone, got {rest!r}"
            return
        self._print_count()

    # Boards.

    def _show(self) -> None:
        game = self._session.game
        board = Text(f"\n{diagram(game.spec, game.position)}\n")
        board.highlight_regex(r"(?<=[ (])X", "bold red" if self._console.is_terminal else "")
        board.highlight_regex(r"(?<=[ (])O", "bold cyan" if self._console.is_terminal else "")
        self._console.print(board, end="")
        tally = ""
        if game.spec.takes_prisoners:
            black, white = (int(count) for count in game.position["prisoners"][0])
            tally = f"captured by Black {black}, by White {white}. "
        self._print(f"{tally}{game.status}.")

    def _print(self, text: str) -> None:
        self._console.print(Text(text))


def _count(rest: str, usual: int | None = 1) -> int:
    """A number above 0 that follows a command, or the usual one; raises NotationError."""
    if not rest and usual is not None:
        return usual
    if not rest.isdecimal() or not 0 < int(rest) < 10**7:
        raise NotationError(f"expected a number above 0, got {rest!r}")
    return int(rest)
