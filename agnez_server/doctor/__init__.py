"""What `agnez doctor` finds in a data directory: read alone, beside a running server too."""

from agnez_server.doctor.examine import NoDataDirectory, examine
from agnez_server.doctor.salvage import salvage

__all__ = ["NoDataDirectory", "examine", "salvage"]
