"""Conversations with the GTP server."""

from __future__ import annotations

from agents.protocol import Agent
from arena.gtp.commands import Session
from arena.gtp.server import GtpServer
from engine.games.go import GoSpec
from engine.games.spec import GameSpec
from tests.support.scripted_agent import ScriptedAgent, first_sensible


def session(agent: Agent | None = None, size: int = 9, spec: GameSpec | None = None) -> GtpServer:
    agent = agent or ScriptedAgent("scripted", first_sensible)
    return Session(agent, spec or GoSpec(size, size, 7.0), "0.0").server()


def ask(server: GtpServer, line: str) -> str:
    """Return the text of a success."""
    reply = server.answer(line)
    assert reply is not None and reply.ok, (line, reply)
    return reply.text


def refusal(server: GtpServer, line: str) -> str:
    reply = server.answer(line)
    assert reply is not None and not reply.ok, (line, reply)
    return reply.text
