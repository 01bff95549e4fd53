"""Fixtures for every test below: a real Hadoop and the `knit` program."""

pytest_plugins = ["hadoop.plugin"]
