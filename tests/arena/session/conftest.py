"""No test of the session reads or writes what a person has."""

from __future__ import annotations

from tests.support.home import home as home
