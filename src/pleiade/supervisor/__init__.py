"""The parent of `pleiade up`: it starts, watches, restarts and drains gateways and engines, its children.

This room knows processes, ports and files of the home; it knows no tensor, no customer and no request.
"""

from pleiade.supervisor.errors import SupervisorError
from pleiade.supervisor.home import Home, Lock, is_running, lock_home, prepare_home
from pleiade.supervisor.listen import bind, url_of
from pleiade.supervisor.supervisor import Supervisor

__all__ = [
    "Home",
    "Lock",
    "Supervisor",
    "SupervisorError",
    "bind",
    "is_running",
    "lock_home",
    "prepare_home",
    "url_of",
]
