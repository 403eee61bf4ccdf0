"""`python -m agnez_server` is `agnez up`."""

from agnez_client.cli.up import command

if __name__ == "__main__":
    command()
